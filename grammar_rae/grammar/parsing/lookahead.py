"""What a parser looks up: dotted items, and which of them the next token rules out.

The viability table says which dotted item may stand before which token: the token begins the rest of
the production, or the rest may be empty and the token may follow the left side. Applied to every item
it leaves few of them, and where it leaves one production for each nonterminal and token the grammar is
LL(1) and needs no chart at all. FIRST, FOLLOW and items as in Aho, Sethi and Ullman, "Compilers: Principles,
Techniques, and Tools" (1986), chapter 4.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grammar_rae.grammar import analysis
from grammar_rae.grammar.grammar import Grammar

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Lookahead(NamedTuple):
    """I dotted items, R productions, N nonterminals, V terminals; token V is the end of the text."""

    first_item: Ints  # (R + 1,) the item of production r with the dot in front
    rule: Ints  # (I,) production
    lhs: Ints  # (I,) its left side
    after: Ints  # (I,) symbol after the dot: terminal v ≥ 0, nonterminal −2 − a, −1 at the end
    viable: Bools  # (I, V + 1)
    predicted: Ints  # (M,) productions, grouped by nonterminal and token
    groups: Ints  # (N · (V + 1) + 1,) where each group begins
    nullable: Bools  # (N,)
    start: int
    ll1: bool


def lookahead(grammar: Grammar) -> Lookahead:
    """The tables of a grammar; dead and padding productions have no items that are ever viable."""
    tables = grammar.tables
    first_item = tables.bounds + np.arange(len(tables.bounds))
    rule = np.repeat(np.arange(len(tables.lhs)), np.diff(first_item))
    lhs, after = tables.lhs[rule], np.insert(tables.symbols, tables.bounds[1:], -1)
    nullable, first = _nullable_and_first(grammar)
    begins, vanishes = _rests(after, nullable, first)
    follow = _follow(lhs, after, begins, vanishes, grammar)
    viable = begins | (vanishes[:, None] & follow[lhs])
    viable &= np.isin(rule, grammar.live)[:, None]
    predicted, groups = _predictions(tables.lhs, viable[first_item[:-1]], len(nullable))
    ll1 = bool((np.diff(groups) <= 1).all())
    return Lookahead(first_item, rule, lhs, after, viable, predicted, groups, nullable, grammar.start, ll1)


def _nullable_and_first(grammar: Grammar) -> tuple[Bools, Bools]:
    """(N,) which nonterminals derive the empty string, (N, V + 1) the tokens that their strings begin with."""
    productions = [grammar.productions[r] for r in grammar.live]
    empty = analysis.nullable(productions)
    sets = analysis.first(productions, empty)
    nullable = np.zeros(len(grammar.nonterminals), bool)
    nullable[[grammar.index[symbol.name] for symbol in empty]] = True
    first = np.zeros((len(grammar.nonterminals), len(grammar.terminals) + 1), bool)
    for symbol, terminals in sets.items():
        first[grammar.index[symbol.name], [grammar.terminal_index[t] for t in terminals]] = True
    return nullable, first


def _rests(after: Ints, nullable: Bools, first: Bools) -> tuple[Bools, Bools]:
    """Of what stands after each dot: (I, V + 1) the tokens that it may begin with, (I,) whether it may be empty."""
    begins = np.zeros((len(after), first.shape[1]), bool)
    vanishes = np.ones(len(after), bool)
    for item in range(len(after) - 1, -1, -1):
        symbol = after[item]
        if symbol >= 0:
            begins[item, symbol], vanishes[item] = True, False
        elif symbol < -1:
            name = -2 - symbol
            begins[item] = first[name] | (begins[item + 1] & nullable[name])
            vanishes[item] = nullable[name] & vanishes[item + 1]
    return begins, vanishes


def _follow(lhs: Ints, after: Ints, begins: Bools, vanishes: Bools, grammar: Grammar) -> Bools:
    """(N, V + 1) the tokens that may follow each nonterminal."""
    follow = np.zeros((len(grammar.nonterminals), begins.shape[1]), bool)
    follow[grammar.start, -1] = True
    before = 0
    while before < follow.sum():
        before = follow.sum()
        for item in np.flatnonzero(after < -1):
            follow[-2 - after[item]] |= begins[item + 1] | (vanishes[item + 1] & follow[lhs[item]])
    return follow


def _predictions(lhs: Ints, viable: Bools, nonterminals: int) -> tuple[Ints, Ints]:
    """Productions by left side and next token, and where each group begins; `viable` (R, V + 1)."""
    productions, tokens = np.nonzero(viable)
    group = lhs[productions] * viable.shape[1] + tokens
    counts = np.bincount(group, minlength=nonterminals * viable.shape[1])
    return productions[np.lexsort((productions, group))], np.append(0, np.cumsum(counts))
