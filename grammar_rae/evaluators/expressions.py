"""Expressions of one variable: validity, and how far they are from a target on a grid.

Score of Kusner et al. (Grammar VAE, ICML 2017): log(1 + mean over 1,000 points of [-10, 10] of the squared
error, capped at 1,000 a point); log(1001) where that is not a number. Lower is better. Values come from the
derivation by `equation.cfg` (or any grammar whose rules have the same shapes); nothing is passed to `eval`.
Literals divide truly; `floor=True` divides them as the authors' Python 2 did (1/3 = 0).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from grammar_rae.errors import DataError

if TYPE_CHECKING:
    from grammar_rae.grammar import Grammar

TARGET = "1/3+x+sin(x*x)"
CAP = 1000.0
WORST = float(np.log1p(CAP))
GRID = np.linspace(-10, 10, 1000)

Value = Any  # an int or float for what holds no x, else an array over the points
Chain = list[Any]  # value, operator, value, ...: what stands between two brackets
BINARY: dict[str, Callable[[Value, Value], Value]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
UNARY: dict[str, Callable[[Value], Value]] = {"sin(": np.sin, "cos(": np.cos, "exp(": np.exp, "log(": np.log}


def parse(strings: Sequence[str], grammar: Grammar | None = None) -> tuple[np.ndarray, dict[int, str]]:
    """Derivations (n, T) of the strings without their blanks, and why some have none, by place."""
    from grammar_rae.parsing import derivations

    x, errors = derivations(
        grammar or standard(), [text.replace(" ", "") for text in strings], errors="return"
    )
    return x, {item: brief(error) for item, error in errors}


def brief(error: Exception) -> str:
    """The first line of a parse error, without the number of its item."""
    return re.sub(r"^item \d+: ", "", str(error).splitlines()[0])


@cache
def standard() -> Grammar:
    """`equation.cfg`."""
    from grammar_rae.grammar import Grammar

    return Grammar.read("equation.cfg")


def values(x: np.ndarray, grammar: Grammar, points: np.ndarray = GRID, floor: bool = False) -> np.ndarray:
    """The expression with derivation x (T,) at the points (P,): (P,) float, not finite where it is undefined.

    A leftmost derivation read backwards meets a rule's children before the rule, the leftmost last. The
    grammar gives all operators one precedence, so what stands between brackets stays flat until they close.
    """
    stack: list[Chain] = []
    with np.errstate(all="ignore"):
        try:
            for rule in reversed(x[x != grammar.pad].tolist()):
                rhs = grammar.productions[rule].rhs()
                children = [stack.pop() for symbol in rhs if not isinstance(symbol, str)]
                stack.append(_apply(rhs, children, points, floor))
            value = _collapse(stack.pop(), floor)
        except (ZeroDivisionError, OverflowError):  # between literals, where Python raises
            value = np.nan
    return np.broadcast_to(np.asarray(value, dtype=float), points.shape)


def _apply(rhs: tuple[Any, ...], children: list[Chain], points: np.ndarray, floor: bool) -> Chain:
    """What a rule makes of its children."""
    words = [symbol for symbol in rhs if isinstance(symbol, str)]
    if not words and len(children) == 1:
        return children[0]
    if len(words) == 1 and not children:
        if words[0] == "x":
            return [points]
        if words[0].isdigit():
            return [int(words[0])]
    if len(words) == 1 and len(children) == 2 and words[0] in BINARY:
        return [*children[0], words[0], *children[1]]
    if len(words) == 2 and len(children) == 1 and words[1] == ")" and (words[0] == "(" or words[0] in UNARY):
        inner = _collapse(children[0], floor)
        return [inner if words[0] == "(" else UNARY[words[0]](inner)]
    raise DataError(
        f"a rule with the right side {' '.join(map(str, rhs))!r} has no arithmetic meaning; expected a shape "
        "of equation.cfg: A + B, f( A ), ( A ), A, x or a number"
    )


def _collapse(chain: Chain, floor: bool) -> Value:
    """The value of a chain: products first, then sums, each from the left."""
    total: Value = None
    sign, product = "+", chain[0]
    for word, value in zip(chain[1::2], chain[2::2], strict=True):
        if word in "*/":
            whole = floor and word == "/" and isinstance(product, int) and isinstance(value, int)
            product = product // value if whole else BINARY[word](product, value)
        else:
            total = product if total is None else BINARY[sign](total, product)
            sign, product = word, value
    return product if total is None else BINARY[sign](total, product)


def score(
    strings: Sequence[str], target: str = TARGET, floor: bool = False, grammar: Grammar | None = None
) -> np.ndarray:
    """log(1 + MSE) against the target, (n,) float; NaN for strings that the grammar does not derive."""
    return _scores(strings, target, floor, grammar or standard())[0]


def table(strings: Sequence[str], target: str = TARGET, grammar: Grammar | None = None) -> pd.DataFrame:
    """One row an item: expression, valid, reason, canonical (without blanks), score, at_zero, steps.

    `valid` is: the grammar derives it. `at_zero` is its value at x = 0, NaN where it has none.
    """
    grammar = grammar or standard()
    score, at_zero, x, why = _scores(strings, target, False, grammar)
    steps = (x != grammar.pad).sum(axis=1).astype(float)
    steps[list(why)] = np.nan
    valid = [item not in why for item in range(len(strings))]
    return pd.DataFrame(
        {
            "expression": list(strings),
            "valid": valid,
            "reason": [why.get(item, "") for item in range(len(strings))],
            "canonical": [
                text.replace(" ", "") if ok else None for text, ok in zip(strings, valid, strict=True)
            ],
            "score": score,
            "at_zero": at_zero,
            "steps": steps,
        }
    )


def _scores(
    strings: Sequence[str], target: str, floor: bool, grammar: Grammar
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[int, str]]:
    """Scores (n,), values at x = 0 (n,), derivations (n, T), and why some strings have none."""
    truth, missing = parse([target], grammar)
    if missing:
        raise DataError(f"target expression: {missing[0]}")
    wanted = values(truth[0], grammar)  # the target always divides truly
    x, why = parse(strings, grammar)
    points = np.append(GRID, 0.0)
    found, at_zero = np.full((2, len(strings)), np.nan)
    for item in range(len(strings)):
        if item in why:
            continue
        value = values(x[item], grammar, points, floor)
        with np.errstate(all="ignore"):
            error = np.minimum((value[:-1] - wanted) ** 2, CAP).mean()
        found[item] = np.log1p(error) if np.isfinite(error) else WORST
        at_zero[item] = value[-1] if np.isfinite(value[-1]) else np.nan
    return found, at_zero, x, why
