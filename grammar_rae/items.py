"""What a parser needs of a grammar: dotted items, FIRST and FOLLOW, as tables.

The viability table says which dotted item may stand before which token: the token begins the rest of
the production, or the rest may be empty and the token may follow the left side. Applied to every item
it leaves few of them, and where it leaves one production for each nonterminal and token the grammar is
LL(1) and needs no chart at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grammar_rae.grammar import Grammar
from grammar_rae.notation import Nonterminal

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Items:
    """I dotted items, N nonterminals, V terminals; token V is the end of the text."""

    first_item: Ints  # (R + 1,) the item of production r with the dot in front
    rule: Ints  # (I,) production
    lhs: Ints  # (I,) its left side
    after: Ints  # (I,) symbol after the dot: terminal v ≥ 0, nonterminal −2 − a, −1 at the end
    viable: NDArray[np.bool_]  # (I, V + 1)
    predicted: Ints  # (M,) productions, grouped by nonterminal and token
    bounds: Ints  # (N · (V + 1) + 1,) where each group begins
    nullable: NDArray[np.bool_]  # (N,)
    start: int
    ll1: bool


def build(grammar: Grammar) -> Items:
    """The tables; dead and padding productions have no items that are ever viable."""
    names, terminals = grammar.index, {t: v for v, t in enumerate(grammar.terminals)}
    idle = grammar.dead | {grammar.pad}
    rights = [
        []
        if r in idle
        else [-2 - names[s.name] if isinstance(s, Nonterminal) else terminals[s] for s in p.rhs]
        for r, p in enumerate(grammar.productions)
    ]
    left = [int(a) for a in grammar.tables.lhs]
    live = [r for r in range(len(rights)) if r not in idle]
    end, n = len(terminals), len(names)
    first = np.zeros((n, end + 1), bool)
    empty = np.zeros(n, bool)

    def begins(symbols: list[int]) -> tuple[NDArray[np.bool_], bool]:
        """(V + 1,) tokens that a sequence may begin with, and whether it may be empty."""
        row = np.zeros(end + 1, bool)
        for symbol in symbols:
            if symbol >= 0:
                row[symbol] = True
                return row, False
            row |= first[-2 - symbol]
            if not empty[-2 - symbol]:
                return row, False
        return row, True

    changed = True
    while changed:
        before = first.sum() + empty.sum()
        for r in live:
            row, nothing = begins(rights[r])
            first[left[r]] |= row
            empty[left[r]] |= nothing
        changed = first.sum() + empty.sum() > before
    follow = np.zeros((n, end + 1), bool)
    follow[grammar.start, end] = True
    changed = True
    while changed:
        before = follow.sum()
        for r in live:
            for i, symbol in enumerate(rights[r]):
                if symbol < 0:
                    row, nothing = begins(rights[r][i + 1 :])
                    follow[-2 - symbol] |= row | (follow[left[r]] & nothing)
        changed = follow.sum() > before
    first_item = np.cumsum([0] + [len(right) + 1 for right in rights])
    rule = np.repeat(np.arange(len(rights)), np.diff(first_item))
    after = np.array([s for right in rights for s in [*right, -1]])
    viable = np.zeros((len(rule), end + 1), bool)
    for r in live:
        for dot in range(len(rights[r]) + 1):
            row, nothing = begins(rights[r][dot:])
            viable[first_item[r] + dot] = row | (follow[left[r]] & nothing)
    groups = [
        [r for r in live if left[r] == a and viable[first_item[r], v]]
        for a in range(n)
        for v in range(end + 1)
    ]
    bounds = np.cumsum([0] + [len(group) for group in groups])
    predicted = np.array([r for group in groups for r in group], dtype=np.int64)
    ll1 = all(len(group) <= 1 for group in groups)
    return Items(
        first_item, rule, np.array(left)[rule], after, viable, predicted, bounds, empty, grammar.start, ll1
    )
