"""Exact numbers of derivations, and from them derivations drawn uniformly up to a length.

Hickey, Cohen, "Uniform random generation of strings in a context-free language" (1983). A production with
children c₁ … c_k has as many derivations of s steps as the convolution of the children's counts has at s − 1.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from functools import cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from grammar_rae.errors import GrammarError
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.parser import parse
from grammar_rae.grammar.parsing.unparser import unparse


class Counts:
    """Derivation counts of a grammar for up to `steps` productions, as Python integers."""

    def __init__(self, grammar: Grammar, steps: int) -> None:
        tables = grammar.tables
        self.grammar = grammar
        self.steps = steps
        self.children = [
            [int(c) for c in row[:arity]] for row, arity in zip(tables.children, tables.arity, strict=True)
        ]
        self.rules = [
            [r for r in np.flatnonzero(tables.lhs == a).tolist() if not tables.dead[r] and r != tables.pad]
            for a in range(len(tables.need))
        ]
        self.symbol = [[0] * (steps + 1) for _ in self.rules]  # [nonterminal][steps]
        # [production][child][steps]: ways in which this child and those right of it take that many
        self.suffix = [[[0] * (steps + 1) for _ in range(len(row) + 1)] for row in self.children]
        for suffixes in self.suffix:
            suffixes[-1][0] = 1
        for s in range(steps + 1):
            for a, rules in enumerate(self.rules):
                self.symbol[a][s] = sum(self.suffix[r][0][s - 1] for r in rules) if s else 0
            for r, row in enumerate(self.children):
                for k in range(len(row) - 1, -1, -1):
                    own, rest = self.symbol[row[k]], self.suffix[r][k + 1]
                    self.suffix[r][k][s] = sum(own[i] * rest[s - i] for i in range(1, s + 1) if own[i])
        self.choices = cache(self._choices)
        self.shares = cache(self._shares)

    def _choices(self, symbol: int, steps: int) -> list[int]:
        """Running totals over a nonterminal's productions of its derivations of `steps` productions."""
        return list(accumulate(self.suffix[r][0][steps - 1] for r in self.rules[symbol]))

    def _shares(self, rule: int, child: int, steps: int) -> list[int]:
        """Running totals over 0, 1, … productions for this child, of `steps` for it and those right of it."""
        own, rest = self.symbol[self.children[rule][child]], self.suffix[rule][child + 1]
        return list(accumulate(own[i] * rest[steps - i] for i in range(steps + 1)))


def counts(grammar: Grammar, steps: int) -> list[int]:
    """The number of derivations of exactly 0, 1, … `steps` productions from the start symbol."""
    return Counts(grammar, steps).symbol[grammar.start]


def sample(grammar: Grammar, n: int, max_steps: int, seed: int = 0, min_steps: int = 1) -> NDArray[np.int16]:
    """(n, max_steps) derivations, each of those with `min_steps` to `max_steps` productions equally likely.

    GrammarError when there is none of such a length.
    """
    least = int(grammar.tables.need[grammar.start])
    asked = f"{grammar.name} has no derivation of {min_steps} to {max_steps} steps"
    if min_steps > max_steps:
        raise GrammarError(f"{asked}: the fewest are above the most; exchange them")
    if least > max_steps:
        raise GrammarError(f"{asked}, its shortest takes {least}; allow more")
    table = Counts(grammar, max_steps)
    rng = random.Random(seed)
    own = table.symbol[grammar.start]
    totals = [c if s >= min_steps else 0 for s, c in enumerate(own)]
    if not any(totals):
        below = max(s for s, c in enumerate(own) if c)
        raise GrammarError(f"{asked}, its next shorter ones take {below}; allow fewer or more")
    x = np.full((n, max_steps), grammar.pad, np.int16)
    cumulative = list(accumulate(totals))
    for row in x:
        rules = _draw(table, _pick(rng, cumulative), rng)
        row[: len(rules)] = rules
    return x


def strings(grammar: Grammar, n: int, max_steps: int, seed: int = 0, min_steps: int = 1) -> list[str]:
    """What `sample` draws, written out; a string with several derivations comes as often as they do. Errors as there.

    ValueError for fewer than one.
    """
    if n < 1:
        raise ValueError(f"{n} strings asked for; expected 1 or more")
    return [str(text) for text in unparse(grammar, sample(grammar, n, max_steps, seed, min_steps))]


def _pick(rng: random.Random, cumulative: list[int]) -> int:
    return bisect_right(cumulative, rng.randrange(cumulative[-1]))


def _draw(table: Counts, steps: int, rng: random.Random) -> list[int]:
    """One derivation of exactly `steps` productions, uniformly."""
    rules: list[int] = []
    stack = [(table.grammar.start, steps)]
    while stack:
        symbol, size = stack.pop()
        rule = table.rules[symbol][_pick(rng, table.choices(symbol, size))]
        rules.append(rule)
        left, parts = size - 1, []
        for k, child in enumerate(table.children[rule]):
            share = _pick(rng, table.shares(rule, k, left))
            parts.append((child, share))
            left -= share
        stack.extend(reversed(parts))
    return rules


def find_ambiguity(
    grammar: Grammar, tries: int = 2000, seed: int = 0, longest: int = 24
) -> tuple[str, str, str] | None:
    """A string of which sampling found two leftmost derivations, and both, or None where it found none.

    Derivations are drawn uniformly at growing lengths, short ones first, written out and parsed again.
    """
    least = int(grammar.tables.need[grammar.start])
    for steps in range(least, max(longest, least) + 1):
        if not counts(grammar, steps)[steps]:
            continue
        x = sample(grammar, tries // (longest + 1) + 20, steps, seed, min_steps=steps)
        texts = [str(text) for text in unparse(grammar, x)]
        for drawn, parsed, text in zip(x, parse(grammar, texts), texts, strict=True):
            first, second = _rules_of(grammar, parsed), _rules_of(grammar, drawn)
            if first != second:
                return text, first, second
    return None


def _rules_of(grammar: Grammar, row: NDArray[np.int16]) -> str:
    return "  ".join(str(grammar.productions[r]) for r in row if r != grammar.pad)
