"""What a parser looks up: dotted items, and which of them the next token rules out.

The viability table says which dotted item may stand before which token: the token begins the rest of
the production, or the rest may be empty and the token may follow the left side. Applied to every item
it leaves few of them, and where it leaves one production for each nonterminal and token the grammar is
LL(1) and needs no chart at all. Items as in Aho, Sethi and Ullman, "Compilers: Principles, Techniques, and Tools"
(1986), chapter 4. Tables take memory by what they hold, not by nonterminals times terminals.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grammar_rae.compiling import compiled
from grammar_rae.errors import GrammarError
from grammar_rae.grammar.analysis import Neighbours, neighbours
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.notation import Nonterminal

Ints = NDArray[np.int64]
Bits = NDArray[np.uint8]

MOST_BYTES = 1 << 28  # of the viability table
MOST_PREDICTIONS = 1 << 23
SPREAD = -7046029254386353131  # 2⁶⁴ over the golden ratio (Knuth, volume 3, section 6.4)


class Lookahead(NamedTuple):
    """I dotted items, R productions, N nonterminals, V terminals.

    Tokens: the terminals, V for the end of the text, V + 1 for whatever may come.
    """

    first_item: Ints  # (R + 1,) the item of production r with the dot in front
    rule: Ints  # (I,) production
    lhs: Ints  # (I,) its left side
    after: Ints  # (I,) symbol after the dot: terminal v ≥ 0, nonterminal −2 − a, −1 at the end
    viable: Bits  # (I, ⌈(V + 2) / 8⌉) a bit for each token, the lowest first
    predicted: Ints  # (M,) productions, grouped by nonterminal and token
    groups: Ints  # (G + 1,) where each group begins
    places: Ints  # (H, 2) open addressing: nonterminal · (V + 2) + token, or −1, and the number of its group
    nullable: NDArray[np.bool_]  # (N,)
    terminals: int  # V
    start: int
    ll1: bool


def lookahead(grammar: Grammar) -> Lookahead:
    """The tables of a grammar; dead and padding productions have no items that are ever viable.

    GrammarError where they would take too much memory.
    """
    tables = grammar.tables
    first_item = tables.bounds + np.arange(len(tables.bounds))
    rule = np.repeat(np.arange(len(tables.lhs)), np.diff(first_item))
    known = neighbours(
        [grammar.productions[r] for r in grammar.live],
        grammar.terminals,
        Nonterminal(grammar.nonterminals[grammar.start]),
    )
    viable = _viability(grammar, known, len(rule))
    predicted, keys, groups = _predictions(grammar, viable[first_item[:-1]])
    certain = keys % (len(grammar.terminals) + 2) <= len(grammar.terminals)
    nullable = np.zeros(len(grammar.nonterminals), bool)
    nullable[[grammar.index[str(symbol)] for symbol in known.empty]] = True
    return Lookahead(
        first_item=first_item,
        rule=rule,
        lhs=tables.lhs[rule],
        after=np.insert(tables.symbols, tables.bounds[1:], -1),
        viable=viable,
        predicted=predicted,
        groups=groups,
        places=_places(keys),
        nullable=nullable,
        terminals=len(grammar.terminals),
        start=grammar.start,
        ll1=bool((np.diff(groups)[certain] <= 1).all()),
    )


def _viability(grammar: Grammar, known: Neighbours, items: int) -> Bits:
    width = (len(grammar.terminals) + 9) // 8
    if items * width > MOST_BYTES:
        raise _too_large(grammar)
    whatever = 1 << len(grammar.terminals) + 1
    live = set(grammar.live)
    table = bytearray()
    for r, production in enumerate(grammar.productions):
        dots = [dot | whatever for dot in known.dots(production)] if r in live else [0]
        for dot in dots:
            table += dot.to_bytes(width, "little")
    return np.frombuffer(table, np.uint8).reshape(items, width)


def _predictions(grammar: Grammar, viable: Bits) -> tuple[Ints, Ints, Ints]:
    """Productions by left side and token, the key of each group (G,), and where it begins; `viable` (R, …)."""
    count, keys = 0, [np.zeros(0, np.int64)]
    for r in grammar.live:
        tokens = np.flatnonzero(np.unpackbits(viable[r], bitorder="little"))
        count += len(tokens)
        if count > MOST_PREDICTIONS:
            raise _too_large(grammar)
        keys.append(grammar.tables.lhs[r] * (len(grammar.terminals) + 2) + tokens)
    key = np.concatenate(keys)
    order = np.argsort(key, kind="stable")
    groups, begins = np.unique(key[order], return_index=True)
    productions = np.repeat(grammar.live, [len(own) for own in keys[1:]])
    return productions[order], groups, np.append(begins, len(key))


def _too_large(grammar: Grammar) -> GrammarError:
    return GrammarError(
        f"{grammar.name}: too large to parse with, {len(grammar.live):,} productions over "
        f"{len(grammar.terminals):,} terminals; use fewer, or fewer that may be empty"
    )


def _places(keys: Ints) -> Ints:
    """The table of `Lookahead.places`, at most half full."""
    places = np.full((2 << len(keys).bit_length(), 2), -1)
    _settle(keys, places)
    return places


@compiled()
def _settle(keys, places):  # type: ignore[no-untyped-def]
    for number, key in enumerate(keys):
        place = find(key, places)
        places[place, 0], places[place, 1] = key, number


@compiled(inline="always")
def find(key, places):  # type: ignore[no-untyped-def]
    """The row of `places` that has a key, or the free one that it would stand in."""
    mask = len(places) - 1
    place = (key * SPREAD >> 20) & mask
    while places[place, 0] != key and places[place, 0] >= 0:
        place = (place + 1) & mask
    return place
