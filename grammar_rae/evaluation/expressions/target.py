"""What expressions are compared with: the values of one on the published grid, or points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from grammar_rae.errors import DataError, ParseError
from grammar_rae.evaluation.expressions.programs import program, run
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.parser import parse

GRID = np.linspace(-10, 10, 1000)


class Target(NamedTuple):
    """Where an expression is evaluated, points (P,), and what it should be there, values (P,)."""

    points: np.ndarray
    values: np.ndarray


def values_of(text: str, grammar: Grammar, points: np.ndarray) -> np.ndarray:
    """An expression at the points (P,): (P,), not finite where it has no value. DataError where it is none."""
    try:
        x = parse(grammar, ["".join(text.split())])
    except ParseError as error:
        raise DataError(f"expression: {str(error).splitlines()[0].removeprefix('item 0: ')}") from None
    return run(program(x[0], grammar), points)


def target_of(expression: str, grammar: Grammar) -> Target:
    """The target that is an expression on 1,000 points of [-10, 10]; its literals divide truly.

    DataError where the grammar does not derive it or it has no value at a point.
    """
    try:
        values = values_of(expression, grammar, GRID)
    except DataError as error:
        raise DataError(f"target {error}") from None
    if not np.isfinite(values).all():
        place = GRID[~np.isfinite(values)][0]
        raise DataError(
            f"target expression {expression}: no value at x = {place:.4g}; expected one on all of [-10, 10]"
        )
    return Target(GRID, values)
