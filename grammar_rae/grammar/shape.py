"""How long and how deep derivations are, under any grammar."""

from __future__ import annotations

import numpy as np

from grammar_rae.compiling import compiled
from grammar_rae.grammar.grammar import Grammar


def steps(x: np.ndarray, grammar: Grammar) -> np.ndarray:
    """(n,) int: the productions of each derivation x (n, T)."""
    return np.asarray((x != grammar.pad).sum(axis=1))


def depths(x: np.ndarray, grammar: Grammar) -> np.ndarray:
    """(n,) int: the productions from the root of each derivation x (n, T) to its farthest leaf."""
    return np.asarray(_depths(np.asarray(x, np.int64), grammar.tables.arity, grammar.pad))


@compiled()
def _depths(x, arity, pad):  # type: ignore[no-untyped-def]
    """(n,) depths. Read backwards: a production's children are done before it, the leftmost on top of the stack."""
    n, width = x.shape
    depth = np.zeros(n, np.int64)
    stack = np.empty(width + 1, np.int64)
    for i in range(n):
        top = 0
        for t in range(width - 1, -1, -1):
            if x[i, t] == pad:
                continue
            deepest = 0
            for _ in range(arity[x[i, t]]):
                top -= 1
                deepest = max(deepest, stack[top])
            stack[top] = deepest + 1
            top += 1
        if top:
            depth[i] = stack[0]
    return depth
