"""Derivations back to strings: the terminals in the order a leftmost derivation writes them, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grammar_rae.compiling import compiled
from grammar_rae.grammar.grammar import Grammar

CHUNK = 16_384  # rows whose terminals are in memory at once


def unparse(grammar: Grammar, x: NDArray[np.integer]) -> list[str | None]:
    """The strings of x (n, T); None where a row is no complete derivation followed by padding."""
    tables, terminals = grammar.tables, grammar.terminals
    texts: list[str | None] = []
    for begin in range(0, len(x), CHUNK):
        rows = np.asarray(x[begin : begin + CHUNK], np.int64)
        written, ends, whole = _write(
            rows, tables.lhs, tables.symbols, tables.bounds, tables.start, tables.pad
        )
        spans = zip(ends[:-1].tolist(), ends[1:].tolist(), whole.tolist(), strict=True)
        texts += ["".join([terminals[v] for v in written[a:b]]) if good else None for a, b, good in spans]
    return texts


@compiled()
def _write(x, lhs, symbols, bounds, start, pad):  # type: ignore[no-untyped-def]
    """Terminals of all rows, where each row's begin (n + 1,), and which rows are complete."""
    n, steps = x.shape
    written = np.empty(max(n * steps, 64), np.int64)
    ends = np.zeros(n + 1, np.int64)
    whole = np.zeros(n, np.bool_)
    stack = np.empty(1024, np.int64)
    count = 0
    for i in range(n):
        stack[0] = -2 - start
        height, t, good = 1, 0, True
        while height and good:
            height -= 1
            symbol = stack[height]
            if symbol >= 0:
                if count == len(written):
                    written = np.concatenate((written, np.empty_like(written)))
                written[count] = symbol
                count += 1
            elif t == steps or x[i, t] == pad or lhs[x[i, t]] != -2 - symbol:
                good = False
            else:
                a, b = bounds[x[i, t]], bounds[x[i, t] + 1]
                if height + b - a > len(stack):
                    stack = np.concatenate((stack, np.empty(len(stack) + b - a, np.int64)))
                for k in range(b - a):
                    stack[height + k] = symbols[b - 1 - k]
                height += b - a
                t += 1
        while good and t < steps:
            good = x[i, t] == pad
            t += 1
        whole[i] = good
        if not good:
            count = ends[i]
        ends[i + 1] = count
    return written, ends, whole
