"""Values of programs with bounds of their rounding errors: what is known of a value that floating point computes.

Running error analysis, to first order (Wilkinson, Rounding Errors in Algebraic Processes, 1963): every operation passes
on what its operands may be off and adds its own rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, zip_longest
from typing import Any

import numpy as np

from grammar_rae.evaluation.expressions.programs import BINARY, UNARY, Program

ROUNDING = 2.0**-50  # NumPy's functions may be off by four units in the last place
TRUSTED = 1e-6  # a value whose error may be above this share of max(1, |value|) is unknown
FAINT = 2.0**-44  # a term below this share of its sum is nearly rounded away
TINY = np.finfo(float).tiny
HELD = 8192  # values of all programs that run side by side, each an array over the points


def bounded(programs: Sequence[Program], points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values (n, P) at the points (P,) and bounds (n, P) of their rounding errors.

    A value of NaN is undefined: a division by zero, the logarithm of what is not positive. An infinite bound is
    unknown: a value on the way overflows, underflows, drowns in a sum, or is off by more than `TRUSTED`.
    """
    values, bounds = np.zeros((2, len(programs), len(points)))
    heights = np.array([_height(program) for program in programs], int)
    order, begin = np.argsort(heights, kind="stable"), 0
    while begin < len(order):  # programs of like height side by side, as many as fit
        rows = order[begin : begin + max(1, HELD // int(heights[order[begin]]))]
        values[rows], bounds[rows] = _run([programs[i] for i in rows], int(heights[rows].max()), points)
        begin += len(rows)
    return values, bounds


def _height(program: Program) -> int:
    """The largest number of values the program holds at once."""
    steps = (0 if word in UNARY else -1 if word in BINARY else 1 for word in program)
    return max(accumulate(steps))


def _run(programs: Sequence[Program], height: int, points: np.ndarray) -> np.ndarray:
    """(2, n, P): values and bounds of programs that are run side by side, one word of each at a time."""
    stack = np.zeros((2, height, len(programs), len(points)))
    top = np.full(len(programs), -1)
    with np.errstate(all="ignore"):
        for words in zip_longest(*programs):
            rows: dict[Any, list[int]] = {}
            for i, word in enumerate(words):
                if word is not None:
                    rows.setdefault(word, []).append(i)
            for word, which in rows.items():
                at = np.array(which)
                if word in BINARY:
                    top[at] -= 1
                    (a, ea), (b, eb) = stack[:, top[at], at], stack[:, top[at] + 1, at]
                    stack[:, top[at], at] = _binary(word, a, ea, b, eb)
                elif word in UNARY:
                    stack[:, top[at], at] = _unary(word, *stack[:, top[at], at])
                else:
                    top[at] += 1
                    value = points if word == "x" else np.full_like(points, _float(word))
                    stack[:, top[at], at] = np.array(_settled(value, 0 * points, np.isnan(value)))[:, None]
    return stack[:, 0]


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return np.inf


def _unary(word: str, v: np.ndarray, e: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    value = UNARY[word](v)
    passed: np.ndarray = e
    undefined = np.isnan(v)
    if word == "exp":
        passed = np.where(value < TINY, np.inf, value * e)
    elif word == "log":
        passed = np.where(np.abs(v) <= e, np.inf, e / np.abs(v))
        undefined = undefined | (v < -e) | ((v == 0) & (e == 0))
    return _settled(value, passed + ROUNDING * np.abs(value), undefined)


def _binary(
    word: str, a: np.ndarray, ea: np.ndarray, b: np.ndarray, eb: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    value = BINARY[word](a, b)
    undefined = np.isnan(a) | np.isnan(b)
    if word in "+-":
        passed = ea + eb
        share = FAINT * np.abs(value)
        passed[(ea < np.abs(a)) & (np.abs(a) < share) | (eb < np.abs(b)) & (np.abs(b) < share)] = np.inf
    elif word == "*":
        passed = np.abs(a) * eb + np.abs(b) * ea
        passed[(np.abs(value) < TINY) & (a != 0) & (b != 0)] = np.inf
    else:
        undefined |= (b == 0) & (eb == 0)
        passed = np.where(np.abs(b) <= eb, np.inf, (ea + np.abs(value) * eb) / np.abs(b))
        passed[(np.abs(value) < TINY) & (a != 0)] = np.inf
    return _settled(value, passed + ROUNDING * np.abs(value), undefined)


def _settled(value: np.ndarray, error: np.ndarray, undefined: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """NaN where undefined; 0 with an infinite bound, which no operation makes finite, where unknown."""
    trusted = np.isfinite(value) & (error <= TRUSTED * np.maximum(1, np.abs(value)))
    value = np.where(undefined, np.nan, np.where(trusted, value, 0.0))
    return value, np.where(undefined, 0.0, np.where(trusted, error, np.inf))
