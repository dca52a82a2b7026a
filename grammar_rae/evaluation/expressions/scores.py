"""Expressions of one variable: which are valid, which are equal as functions, how far they are from a target.

Score of Kusner et al. (Grammar VAE, ICML 2017): log(1 + mean over 1,000 points of [-10, 10] of the squared
error, capped at 1,000 a point); log(1001) where that is not a number. Lower is better. Values come from the
derivation by `equation.cfg` (or any grammar whose rules have the same shapes); nothing is passed to `eval`.
Literals divide truly; under the authors' Python 2 integers divided downwards (1/3 = 0).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from grammar_rae.errors import brief
from grammar_rae.evaluation.expressions.equality import classes
from grammar_rae.evaluation.expressions.programs import program, run
from grammar_rae.evaluation.expressions.target import GRID, Target, target_of
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.parser import parse_known

TARGET = "1/3+x+sin(x*x)"
CAP = 1000.0
WORST = float(np.log1p(CAP))
FEATURES = 100  # values that a surrogate compares expressions by, at the most
FARTHEST = 1e4  # all larger values are alike to it


@cache
def standard() -> Grammar:
    """`equation.cfg`."""
    return Grammar.read("equation.cfg")


def canonical_expressions(strings: Sequence[str], grammar: Grammar | None = None) -> list[str | None]:
    """The strings without their blanks; None for those that the grammar does not derive."""
    bad = faults(strings, grammar)
    return [None if item in bad else without_blanks(text) for item, text in enumerate(strings)]


def faults(strings: Sequence[str], grammar: Grammar | None = None) -> dict[int, str]:
    """What is wrong with those that the grammar does not derive, by place."""
    _, _, errors = parse_known(grammar or standard(), [without_blanks(text) for text in strings])
    return {item: brief(error) for item, error in errors}


def alike(strings: Sequence[str], grammar: Grammar | None = None) -> np.ndarray:
    """(n,) int: the index of the first string that each one equals as a function (see `equality`), its own where it
    equals none or the grammar does not derive it.
    """
    grammar = grammar or standard()
    x, known, _ = parse_known(grammar, [without_blanks(text) for text in strings])
    first = np.arange(len(strings))
    if len(known):
        first[known] = known[classes([program(row, grammar) for row in x])]
    return first


def score(
    strings: Sequence[str], target: str | Target = TARGET, grammar: Grammar | None = None
) -> np.ndarray:
    """log(1 + MSE) against the target, (n,) float; NaN for strings that the grammar does not derive."""
    return _compared(strings, target, grammar, log_mse)


def mse(strings: Sequence[str], target: str | Target = TARGET, grammar: Grammar | None = None) -> np.ndarray:
    """Mean squared error against the target, (n,) float, not capped; NaN also where a point has no value."""
    return _compared(strings, target, grammar, mean_squared_error)


def log_mse(values: np.ndarray, wanted: np.ndarray) -> float:
    """The published score of values (P,) where others (P,) are wanted."""
    with np.errstate(all="ignore"):
        error = np.minimum((values - wanted) ** 2, CAP).mean()
    return float(np.log1p(error)) if np.isfinite(error) else WORST


def mean_squared_error(values: np.ndarray, wanted: np.ndarray) -> float:
    """Of values (P,) where others (P,) are wanted; NaN where one is not a number."""
    with np.errstate(all="ignore"):
        error = np.mean((values - wanted) ** 2)
    return float(error) if np.isfinite(error) else float("nan")


def value_features(
    strings: Sequence[str], points: np.ndarray | None = None, grammar: Grammar | None = None
) -> np.ndarray:
    """What expressions compute, as a surrogate compares them: arsinh of their values, (n, 100), at points evenly chosen
    of those given (P,), the published grid where None; (n, P) of fewer. What is not a number counts as 0; what has no
    value anywhere, or is not derived by the grammar, is far from all.

    To compute an expression is not to score it: the target is not looked at.
    """
    grammar, points = grammar or standard(), GRID if points is None else points
    chosen = points[np.linspace(0, len(points) - 1, min(FEATURES, len(points))).round().astype(int)]
    x, known, _ = parse_known(grammar, [without_blanks(text) for text in strings])
    features = np.full((len(strings), len(chosen)), FARTHEST)
    for item, row in zip(known, x, strict=True):
        values = run(program(row, grammar), chosen)
        if np.isfinite(values).any():
            features[item] = np.nan_to_num(values, nan=0.0).clip(-FARTHEST, FARTHEST)
    return np.arcsinh(features)


def without_blanks(text: str) -> str:
    """The canonical form of an expression."""
    return "".join(text.split())


def _compared(
    strings: Sequence[str],
    target: str | Target,
    grammar: Grammar | None,
    measure: Callable[[np.ndarray, np.ndarray], float],
) -> np.ndarray:
    grammar = grammar or standard()
    points, wanted = target_of(target, grammar) if isinstance(target, str) else target
    x, known, _ = parse_known(grammar, [without_blanks(text) for text in strings])
    measures = np.full(len(strings), np.nan)
    for item, row in zip(known, x, strict=True):
        measures[item] = measure(run(program(row, grammar), points), wanted)
    return measures
