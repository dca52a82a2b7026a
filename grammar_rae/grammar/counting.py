"""Exact numbers of derivations.

A production with children c₁ … c_k has as many derivations of s steps as the convolution of the children's counts
has at s − 1 (Hickey, Cohen, "Uniform random generation of strings in a context-free language", 1983).
"""

from __future__ import annotations

from dataclasses import dataclass

from grammar_rae.grammar.grammar import Grammar


@dataclass(frozen=True)
class Counts:
    """Numbers of derivations of 0, 1, … `steps` productions, as Python integers.

    children: [production] the nonterminals on its right side
    productions: [nonterminal] those that rewrite it, but for padding and dead ones
    symbol: [nonterminal][steps] its derivations of exactly so many steps
    suffix: [production][child][steps] ways in which this child and those right of it take exactly so many
    """

    steps: int
    children: list[list[int]]
    productions: list[list[int]]
    symbol: list[list[int]]
    suffix: list[list[list[int]]]


def count_derivations(grammar: Grammar, steps: int) -> Counts:
    """The counts of every nonterminal and production of a grammar, for up to `steps` productions."""
    tables = grammar.tables
    children = [row[:arity].tolist() for row, arity in zip(tables.children, tables.arity, strict=True)]
    productions = [[r for r in grammar.live if tables.lhs[r] == a] for a in range(len(tables.need))]
    symbol = [[0] * (steps + 1) for _ in productions]
    suffix = [[[0] * (steps + 1) for _ in range(len(row) + 1)] for row in children]
    for suffixes in suffix:
        suffixes[-1][0] = 1
    for s in range(steps + 1):
        for a, own in enumerate(productions):
            symbol[a][s] = sum(suffix[r][0][s - 1] for r in own) if s else 0
        for r, row in enumerate(children):
            for k in range(len(row) - 1, -1, -1):
                child, rest = symbol[row[k]], suffix[r][k + 1]
                suffix[r][k][s] = sum(child[i] * rest[s - i] for i in range(1, s + 1) if child[i])
    return Counts(steps, children, productions, symbol, suffix)


def counts(grammar: Grammar, steps: int) -> list[int]:
    """The number of derivations of exactly 0, 1, … `steps` productions from the start symbol."""
    return count_derivations(grammar, steps).symbol[grammar.start]
