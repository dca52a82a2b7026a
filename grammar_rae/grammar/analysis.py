"""What the nonterminals of a grammar derive: nothing at all, and the terminals that their strings begin and end with.

NULLABLE and FIRST as in Aho, Sethi and Ullman, "Compilers: Principles, Techniques, and Tools" (1986), section 4.4.
"""

from __future__ import annotations

from collections.abc import Collection

from grammar_rae.grammar.notation import Nonterminal, Production, Symbol

TerminalSets = dict[Nonterminal, set[str]]


def nullable(productions: Collection[Production]) -> set[Nonterminal]:
    """The nonterminals that derive the empty string."""
    empty: set[Nonterminal] = set()
    before = -1
    while before < len(empty):
        before = len(empty)
        empty |= {p.lhs for p in productions if all(symbol in empty for symbol in p.rhs)}
    return empty


def first(productions: Collection[Production], empty: Collection[Nonterminal]) -> TerminalSets:
    """The terminals that strings of each left side begin with; `empty`: the nullable nonterminals."""
    sets: TerminalSets = {p.lhs: set() for p in productions}
    growing = True
    while growing:
        growing = False
        for production in productions:
            own = sets[production.lhs]
            before = len(own)
            for symbol in production.rhs:
                own |= terminals_of(symbol, sets)
                if symbol not in empty:
                    break
            growing |= len(own) > before
    return sets


def last(productions: Collection[Production], empty: Collection[Nonterminal]) -> TerminalSets:
    """The terminals that strings of each left side end with."""
    return first([Production(p.lhs, p.rhs[::-1]) for p in productions], empty)


def terminals_of(symbol: Symbol, sets: TerminalSets) -> set[str]:
    """A terminal itself, or the set of a nonterminal; empty where it has no production."""
    return {symbol} if isinstance(symbol, str) else sets.get(symbol, set())
