"""Derivations of arithmetic as programs in postfix notation, and their values; nothing is passed to `eval`.

A grammar may have rules of the shapes of `equation.cfg`: A + B (or -, *, /), f( A ) with f one of sin, cos, exp,
log, ( A ), A, x, or a number. Operators of one rule level share a precedence there, so what stands between two
brackets is kept flat until they close, and then products come before sums, each from the left.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from itertools import accumulate, zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from grammar_rae.errors import DataError

if TYPE_CHECKING:
    from grammar_rae.grammar import Grammar

Program = list[Any]  # int, float, "x", one of BINARY or of UNARY; operands come before their operator
Chain = list[Any]  # program, operator, program, ...: what stands between two brackets
Value = Any  # an int or float for what holds no x, else an array over the points

BINARY: dict[str, Callable[[Value, Value], Value]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
UNARY: dict[str, Callable[[Value], Value]] = {"sin": np.sin, "cos": np.cos, "exp": np.exp, "log": np.log}
ROUNDING = 2.0**-50  # NumPy's functions may be off by four units in the last place
TRUSTED = 1e-6  # an error above this share of max(1, |value|) is no knowledge
FAINT = 2.0**-44  # a term below this share of its sum is nearly rounded away
TINY = np.finfo(float).tiny
TOGETHER = 8192  # values of all programs that run side by side, each an array over the points


def program(x: np.ndarray, grammar: Grammar) -> Program:
    """The program of a derivation x (T,). DataError names a rule that is no arithmetic.

    A leftmost derivation read backwards meets a rule's children before the rule, the leftmost last.
    """
    stack: list[Chain] = []
    for rule in reversed(x[x != grammar.pad].tolist()):
        rhs = grammar.productions[rule].rhs
        children = [stack.pop() for symbol in rhs if not isinstance(symbol, str)]
        stack.append(_apply(rhs, children))
    return _collapse(stack.pop())


def _apply(rhs: Sequence[Any], children: list[Chain]) -> Chain:
    """What a rule makes of its children."""
    words = [symbol for symbol in rhs if isinstance(symbol, str)]
    if not words and len(children) == 1:
        return children[0]
    if len(words) == 1 and not children:
        if words[0] == "x":
            return [["x"]]
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?", words[0]):
            return [[float(words[0]) if "." in words[0] else int(words[0])]]
    if len(words) == 1 and len(children) == 2 and words[0] in BINARY:
        children[0] += [words[0], *children[1]]
        return children[0]
    if len(words) == 2 and len(children) == 1 and words[1] == ")":
        if words[0] == "(":
            return [_collapse(children[0])]
        if words[0].removesuffix("(") in UNARY:
            return [[*_collapse(children[0]), words[0].removesuffix("(")]]
    raise DataError(
        f"a rule with the right side {' '.join(map(str, rhs))!r} has no arithmetic meaning; expected a shape "
        "of equation.cfg: A + B, f( A ), ( A ), A, x or a number"
    )


def _collapse(chain: Chain) -> Program:
    """The program of a chain: products first, then sums, each from the left."""
    found, waiting = chain[0], None
    for word, part in zip(chain[1::2], chain[2::2], strict=True):
        if word in "*/":
            found += [*part, word]
        else:
            found += part if waiting is None else [waiting, *part]
            waiting = word
    return found if waiting is None else [*found, waiting]


def run(program: Program, points: np.ndarray, floor: bool = False) -> np.ndarray:
    """Values (P,) at the points (P,), not finite where there is none.

    Literals divide truly; with `floor` two integers divide as in Python 2 (1/3 = 0).
    """
    stack: list[Value] = []
    with np.errstate(all="ignore"):
        try:
            for word in program:
                if word == "x":
                    stack.append(points)
                elif not isinstance(word, str):
                    stack.append(word)
                elif word in UNARY:
                    value = stack.pop()
                    stack.append(UNARY[word](float(value) if isinstance(value, int) else value))
                else:
                    right, left = stack.pop(), stack.pop()
                    whole = floor and word == "/" and isinstance(left, int) and isinstance(right, int)
                    stack.append(left // right if whole else BINARY[word](left, right))
            value = np.asarray(stack.pop(), dtype=float)
        except (ZeroDivisionError, OverflowError):  # between literals, where Python raises
            value = np.asarray(np.nan)
    return np.broadcast_to(value, points.shape)


def bounded(programs: Sequence[Program], points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values (n, P) at the points (P,) and bounds (n, P) of their rounding errors, to first order.

    Running error analysis (Wilkinson 1963): every operation passes on what its operands may be off and adds its
    own rounding. A value of NaN is undefined: a division by zero, the logarithm of what is not positive. An
    infinite bound is unknown: a value on the way overflows, underflows, drowns in a sum, or is off by more than
    `TRUSTED`.
    """
    found = np.zeros((2, len(programs), len(points)))
    heights = np.array([_height(program) for program in programs], int)
    order, begin = np.argsort(heights, kind="stable"), 0
    while begin < len(order):  # programs of like height together, as many as fit
        rows = order[begin : begin + max(1, TOGETHER // int(heights[order[begin]]))]
        found[:, rows] = _together([programs[i] for i in rows], int(heights[rows].max()), points)
        begin += len(rows)
    return found[0], found[1]


def _height(program: Program) -> int:
    """The largest number of values the program holds at once."""
    steps = (0 if word in UNARY else -1 if word in BINARY else 1 for word in program)
    return max(accumulate(steps))


def _together(programs: Sequence[Program], height: int, points: np.ndarray) -> np.ndarray:
    """(2, n, P): values and bounds of programs that run side by side, one word of each at a time."""
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
    known = np.isfinite(value) & (error <= TRUSTED * np.maximum(1, np.abs(value)))
    value = np.where(undefined, np.nan, np.where(known, value, 0.0))
    return value, np.where(undefined, 0.0, np.where(known, error, np.inf))
