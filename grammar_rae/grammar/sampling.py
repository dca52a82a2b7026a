"""Derivations drawn uniformly up to a length, the strings they write, and strings with two of them.

Hickey, Cohen, "Uniform random generation of strings in a context-free language" (1983).
"""

from __future__ import annotations

import random
from bisect import bisect_right
from functools import cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from grammar_rae.chance import DRAWS
from grammar_rae.errors import GrammarError
from grammar_rae.grammar.counting import Counts, count_derivations, work
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.parser import parse
from grammar_rae.grammar.parsing.unparser import unparse
from grammar_rae.limits.ranges import within
from grammar_rae.memory import require

MOST_PRODUCTS = 40_000_000  # of counts, for a search that takes seconds
MOST_PREDICTED = 400_000  # productions at one place of the texts of a length


def sample(grammar: Grammar, n: int, max_steps: int, seed: int = 0, min_steps: int = 1) -> NDArray[np.int16]:
    """(n, max_steps) derivations, each of those with `min_steps` to `max_steps` productions equally likely.

    GrammarError when there is none of such a length, DataError for numbers out of range.
    """
    within(n=n, max_steps=max_steps, min_steps=min_steps, seed=seed)
    require(n * (4 * max_steps + 200), f"{n:,} derivations of up to {max_steps} steps")
    shortest = int(grammar.tables.need[grammar.start])
    asked = f"{grammar.name} has no derivation of {min_steps} to {max_steps} steps"
    if min_steps > max_steps:
        raise GrammarError(f"{asked}: the fewest are above the most; exchange them")
    if shortest > max_steps:
        raise GrammarError(f"{asked}, its shortest takes {shortest}; allow more")
    table = count_derivations(grammar, max_steps)
    numbers = table.symbol[grammar.start]
    totals = list(accumulate(count if s >= min_steps else 0 for s, count in enumerate(numbers)))
    if not totals[-1]:
        below = max(s for s, count in enumerate(numbers) if count)
        raise GrammarError(f"{asked}, its next shorter ones take {below}; allow fewer or more")
    return _drawn(grammar, _Draw(table, random.Random(seed)), n, totals)


def strings(grammar: Grammar, n: int, max_steps: int, seed: int = 0, min_steps: int = 1) -> list[str]:
    """What `sample` draws, written out; a string with several derivations comes as often as these. Errors as there."""
    return [str(text) for text in unparse(grammar, sample(grammar, n, max_steps, seed, min_steps))]


def distinct_strings(
    grammar: Grammar, n: int, max_steps: int, seed: int = 0, min_steps: int = 1
) -> list[str]:
    """n different strings drawn as `strings` draws them. Errors as there.

    Fewer where the grammar has not that many: drawing stops after 20 n draws.
    """
    distinct: dict[str, None] = {}
    for turn in range(DRAWS):
        distinct.update(dict.fromkeys(strings(grammar, n, max_steps, seed + turn * 7919, min_steps)))
        if len(distinct) >= n:
            break
    return list(distinct)[:n]


def find_ambiguity(
    grammar: Grammar, tries: int = 2000, seed: int = 0, longest: int = 24
) -> tuple[str, str, str] | None:
    """A string of which sampling found two leftmost derivations, and both, or None where it found none.

    Derivations are drawn uniformly at growing lengths, short ones first, written out and parsed again; of a grammar of
    thousands of productions fewer, and shorter ones than `longest`. GrammarError where even the shortest are too many.
    """
    shortest = int(grammar.tables.need[grammar.start])
    table = count_derivations(grammar, _lengths_searched(grammar, shortest, max(longest, shortest)))
    draws = min(tries // (longest + 1) + 20, max(MOST_PREDICTED // len(grammar.live), 10))
    for steps, number in enumerate(table.symbol[grammar.start]):
        if not number:
            continue
        totals = [0] * steps + [number]
        x = _drawn(grammar, _Draw(table, random.Random(seed)), draws, totals)
        texts = [str(text) for text in unparse(grammar, x)]
        for drawn, parsed, text in zip(x, parse(grammar, texts), texts, strict=True):
            first, second = _written_out(grammar, parsed), _written_out(grammar, drawn)
            if first != second:
                return text, first, second
    return None


def _lengths_searched(grammar: Grammar, shortest: int, longest: int) -> int:
    """The most steps, up to `longest`, whose derivations are counted in seconds."""
    possible = bisect_right(
        range(shortest, longest + 1), MOST_PRODUCTS, key=lambda steps: work(grammar, steps)
    )
    if not possible:
        raise GrammarError(
            f"{grammar.name} is too large to count derivations quickly, "
            f"its shortest takes {shortest:,} steps through {len(grammar.live):,} productions"
        )
    return shortest + possible - 1


def _drawn(grammar: Grammar, draw: _Draw, n: int, totals: list[int]) -> NDArray[np.int16]:
    """(n, T) derivations of 0, 1, … T steps, by the running totals of their numbers (T + 1,)."""
    x = np.full((n, len(totals) - 1), grammar.pad, np.int16)
    for row in x:
        rules = draw.derivation(grammar.start, draw.pick(totals))
        row[: len(rules)] = rules
    return x


class _Draw:
    """Draws derivations by their counts; the running totals that it chooses by are computed once."""

    def __init__(self, table: Counts, random_numbers: random.Random) -> None:
        self.table = table
        self.random = random_numbers
        self.choices = cache(self._choices)
        self.shares = cache(self._shares)

    def derivation(self, start: int, steps: int) -> list[int]:
        """One derivation of exactly `steps` productions from a nonterminal, uniformly."""
        rules: list[int] = []
        stack = [(start, steps)]
        while stack:
            symbol, size = stack.pop()
            rule = self.table.productions[symbol][self.pick(self.choices(symbol, size))]
            rules.append(rule)
            left, parts = size - 1, []
            for k, child in enumerate(self.table.children[rule]):
                share = self.pick(self.shares(rule, k, left))
                parts.append((child, share))
                left -= share
            stack.extend(reversed(parts))
        return rules

    def pick(self, totals: list[int]) -> int:
        """An index, by the running totals of the weights."""
        return bisect_right(totals, self.random.randrange(totals[-1]))

    def _choices(self, symbol: int, steps: int) -> list[int]:
        """Running totals over a nonterminal's productions of its derivations of `steps` productions."""
        suffix = self.table.suffix
        return list(accumulate(suffix[r][0][steps - 1] for r in self.table.productions[symbol]))

    def _shares(self, rule: int, child: int, steps: int) -> list[int]:
        """Running totals over 0, 1, … productions for this child, of `steps` for it and those right of it."""
        own, rest = self.table.symbol[self.table.children[rule][child]], self.table.suffix[rule][child + 1]
        return list(accumulate(own[i] * rest[steps - i] for i in range(steps + 1)))


def _written_out(grammar: Grammar, row: NDArray[np.int16]) -> str:
    return "  ".join(str(grammar.productions[r]) for r in row if r != grammar.pad)
