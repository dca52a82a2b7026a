"""What expressions are compared with: the values of one on the published grid, or the points of a file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

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


def read_points(path: str | Path) -> Target:
    """The points of a CSV file: its columns `x` and `y`, or its two columns where it has no header.

    DataError: a missing, empty or binary file, no such columns, a cell that is no finite number (with its line).
    """
    try:
        cells = pd.read_csv(
            path, header=None, dtype=str, keep_default_na=False, skip_blank_lines=False, encoding="utf-8-sig"
        )
    except pd.errors.EmptyDataError:
        raise DataError(f"{path}: empty, expected points: two columns, x and y") from None
    except (pd.errors.ParserError, UnicodeDecodeError, EOFError) as error:
        problem = str(error).strip().splitlines()[0]
        raise DataError(f"{path}: expected CSV with two columns, x and y ({problem})") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
    cells = cells[(cells != "").any(axis=1)]
    names = [str(name).strip().lower() for name in cells.iloc[0]] if len(cells) else []
    if {"x", "y"} <= set(names):
        cells = cells.iloc[1:, [names.index("x"), names.index("y")]]
    elif len(names) != 2 or not _numbers(cells.iloc[:1]).notna().all(axis=None):
        raise DataError(f"{path}: columns {', '.join(names)}; expected x and y, or two columns of numbers")
    numbers = _numbers(cells)
    bad = np.argwhere(~np.isfinite(numbers.to_numpy()))
    if len(bad):
        row, column = bad[0]
        raise DataError(
            f"{path}: line {cells.index[row] + 1}: expected a finite number for {'xy'[column]}, "
            f"got {cells.iat[row, column]!r}"
        )
    if not len(numbers):
        raise DataError(f"{path}: no points below its header, expected one or more")
    return Target(*numbers.to_numpy().T)


def _numbers(cells: pd.DataFrame) -> pd.DataFrame:
    return cells.apply(pd.to_numeric, errors="coerce").astype(float)
