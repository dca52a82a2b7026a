"""Exact numbers of derivations.

A production with children c₁ … c_k has as many derivations of s steps as the convolution of the children's counts
has at s − 1 (Hickey, Cohen, "Uniform random generation of strings in a context-free language", 1983).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from operator import mul

import numpy as np

from grammar_rae.errors import GrammarError
from grammar_rae.grammar.grammar import Grammar

MOST_BYTES = 4 << 30
CELL = 36  # bytes of a small count and of its place in a list


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
    """The counts of every nonterminal and production of a grammar, for up to `steps` productions.

    GrammarError where they would take more than `MOST_BYTES`.
    """
    tables = grammar.tables
    _refuse_too_many(grammar, steps)
    children = [row[:arity].tolist() for row, arity in zip(tables.children, tables.arity, strict=True)]
    need = tables.need.tolist()
    least = [list(accumulate((need[c] for c in reversed(row)), initial=0))[::-1] for row in children]
    productions: list[list[int]] = [[] for _ in need]
    for r in grammar.live:
        productions[tables.lhs[r]].append(r)
    symbol = [[0] * (steps + 1) for _ in productions]
    suffix = [[[0] * (steps + 1) for _ in range(len(row) + 1)] for row in children]
    for suffixes in suffix:
        suffixes[-1][0] = 1
    for s in range(steps + 1):
        for a, own in enumerate(productions):
            if s >= need[a]:
                symbol[a][s] = sum(suffix[r][0][s - 1] for r in own)
        for r, row in enumerate(children):
            for k in range(len(row) - 1, -1, -1):
                own_least, rest_least = need[row[k]], least[r][k + 1]
                if s >= own_least + rest_least:
                    own_counts = symbol[row[k]][own_least : s - rest_least + 1]
                    rest = suffix[r][k + 1][rest_least : s - own_least + 1]
                    suffix[r][k][s] = sum(map(mul, own_counts, reversed(rest)))
    return Counts(steps, children, productions, symbol, suffix)


def work(grammar: Grammar, steps: int) -> int:
    """How many products and sums `count_derivations` takes."""
    tables = grammar.tables
    need = np.where(tables.children < 0, 0, tables.need[tables.children])
    least = need[:, ::-1].cumsum(1)[:, ::-1]  # of a child and those right of it
    lengths = np.clip(steps + 1 - least[tables.children >= 0], 0, None)
    return int((lengths * (lengths + 1) // 2).sum()) + _cells(grammar) * steps


def _cells(grammar: Grammar) -> int:
    """How many counts there are for each number of steps."""
    return int(grammar.tables.arity.sum()) + len(grammar.tables.arity) + len(grammar.tables.need)


def _refuse_too_many(grammar: Grammar, steps: int) -> None:
    most = int(np.bincount(grammar.tables.lhs).max())
    size = _cells(grammar) * steps * (CELL + steps * most.bit_length() // 16)  # numbers grow with every step
    if size > MOST_BYTES:
        raise GrammarError(
            f"{grammar.name}: counting derivations of up to {steps:,} steps takes some {size / 2**30:,.0f} GiB, "
            f"more than {MOST_BYTES >> 30}; allow fewer steps"
        )


def counts(grammar: Grammar, steps: int) -> list[int]:
    """The number of derivations of exactly 0, 1, … `steps` productions from the start symbol. Errors as above."""
    return count_derivations(grammar, steps).symbol[grammar.start]
