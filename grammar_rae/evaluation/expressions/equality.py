"""Which expressions are equal as functions: the same values, within their rounding errors, at 64 points.

The points are drawn once, uniformly from [-2, 2], where exponentials of exponentials still fit in a float. A point
where a value is unknown (see `rounding.bounded`) tells nothing; an undefined one must be undefined in both. An
isolated hole such as that of x/x at 0 is not seen: x/x equals 1. Expressions that are known at fewer than `ENOUGH`
points are equal to nothing but themselves. `symbolic.confirm` asks SymPy for a second opinion.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grammar_rae.evaluation.expressions.programs import Program
from grammar_rae.evaluation.expressions.rounding import TRUSTED, bounded

POINTS = np.array(sorted(np.random.default_rng(2017).uniform(-2, 2, 64), key=abs))
ENOUGH = 16


def classes(programs: Sequence[Program]) -> np.ndarray:
    """(n,) int: the index of the first program that each one equals, its own where it is that."""
    value, error = bounded(programs, POINTS)
    unknown = np.isinf(error)
    known = ~unknown & ~np.isnan(value)
    first = np.arange(len(programs))
    usable = known.any(axis=1) & ((~unknown).sum(axis=1) >= ENOUGH)
    place = np.where(usable, known.argmax(axis=1), -1)  # the first point with a known value
    for point in np.unique(place[usable]):
        rows = np.flatnonzero(place == point)
        here = value[rows, point]
        reach = here - 4 * TRUSTED * np.maximum(1, np.abs(here))  # equal ones are not below it
        kinds: list[int] = []  # one program of each kind met, in the order of their values at the point
        for i in np.argsort(here, kind="stable"):
            row, low = int(rows[i]), reach[i]
            for kind in reversed(kinds):
                if value[kind, point] < low:
                    break
                if _equal(value[row], error[row], value[kind], error[kind]):
                    first[row] = kind
                    break
            if first[row] == row:
                kinds.append(row)
    least = np.full(len(programs), len(programs))  # the first program of each kind
    np.minimum.at(least, first, np.arange(len(programs)))
    return least[first]


def _equal(a: np.ndarray, ea: np.ndarray, b: np.ndarray, eb: np.ndarray) -> bool:
    """Whether values (P,) with error bounds (P,) agree wherever both are known, and at enough points."""
    both = np.isfinite(ea) & np.isfinite(eb)
    close = (np.abs(a - b) <= ea + eb) | (np.isnan(a) & np.isnan(b))
    return bool(both.sum() >= ENOUGH and close[both].all())
