"""Tanimoto similarity of many fingerprints, over all cores; nothing the size of all pairs is ever held.

Fingerprints are rows of 64-bit words (n, words) uint64. Two without any bit count as equal (1), as in MOSES.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from grammar_rae.compiling import compiled

Words = NDArray[np.uint64]
Floats = NDArray[np.float64]


def fold(positions: NDArray[np.uint16], sizes: NDArray[np.integer], bits: int) -> Words:
    """Fingerprints (n, bits / 64) from the set positions of each, one after the other, `sizes` (n,) of them."""
    folded = positions % bits
    rows = np.repeat(np.arange(len(sizes)), sizes)
    words = np.zeros((len(sizes), bits // 64), np.uint64)
    np.bitwise_or.at(words, (rows, folded // 64), np.uint64(1) << (folded % 64).astype(np.uint64))
    return words


def nearest_among(queries: Words, others: Words) -> Floats:
    """(n,) similarity of each query to the most similar of the others (m, words), m at least 1."""
    return _nearest(queries, _counts(queries), *_by_count(others), np.full(len(queries), -1))


def nearest_other(rows: Words) -> Floats:
    """(n,) similarity of each row to the most similar of the other rows; 0 where there is no other."""
    words, counts, order = _by_count(rows)
    similarities = np.empty(len(rows))
    similarities[order] = _nearest(words, counts, words, counts, order, np.arange(len(rows)))
    return similarities


def means(rows: Words, weights: NDArray[np.integer]) -> tuple[Floats, Floats]:
    """(n,) weighted mean similarity, and mean squared similarity, of each row to all rows, itself included."""
    total = float(weights.sum())
    first, second = _sums(rows, _counts(rows), weights.astype(np.float64))
    return first / total, second / total


def _counts(rows: Words) -> NDArray[np.int64]:
    return np.asarray(np.bitwise_count(rows).sum(axis=1, dtype=np.int64))


def _by_count(rows: Words) -> tuple[Words, NDArray[np.int64], NDArray[np.int64]]:
    """Rows sorted by their number of bits, those numbers, and where each row was."""
    counts = _counts(rows)
    order = np.argsort(counts, kind="stable")
    return np.ascontiguousarray(rows[order]), counts[order], order


@intrinsic
def _ones(typing: Any, word: Any) -> Any:
    """Set bits of a word: the processor's own instruction."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        """LLVM's population count."""
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), code


@compiled(inline="always")
def _common(a, b):  # type: ignore[no-untyped-def]
    total = np.uint64(0)
    for k in range(a.shape[0]):
        total += _ones(a[k] & b[k])  # type: ignore[call-arg]
    return np.int64(total)


@compiled(parallel=True)
def _nearest(queries, sizes, others, counts, order, own):  # type: ignore[no-untyped-def]
    """Others are sorted by count: |a ∩ b| / |a ∪ b| ≤ min(a, b) / max(a, b) says when to stop looking.

    Swamidass and Baldi (2007). `own` (n,): the place of a query among the others that is left out, or -1.
    """
    n, m = queries.shape[0], others.shape[0]
    similarities = np.zeros(n)
    for i in prange(n):
        a, size, best = queries[i], sizes[i], 0.0
        up = np.searchsorted(counts, size)
        down = up - 1
        while up < m or down >= 0:
            above = size / counts[up] if up < m and counts[up] else (1.0 if up < m else -1.0)
            below = counts[down] / size if down >= 0 else -1.0
            if max(above, below) <= best:
                break
            if above >= below:
                j, up = up, up + 1
            else:
                j, down = down, down - 1
            if j != own[i]:
                common = _common(a, others[j])
                union = size + counts[j] - common
                best = max(best, common / union if union else 1.0)
        similarities[i] = best
    return similarities


@compiled(parallel=True)
def _sums(rows, counts, weights):  # type: ignore[no-untyped-def]
    n = rows.shape[0]
    first, second = np.empty(n), np.empty(n)
    for i in prange(n):
        a, size, total, squares = rows[i], counts[i], 0.0, 0.0
        for j in range(n):
            common = _common(a, rows[j])
            union = size + counts[j] - common
            similarity = common / union if union else 1.0
            total += weights[j] * similarity
            squares += weights[j] * similarity * similarity
        first[i], second[i] = total, squares
    return first, second
