"""Points (x, y) that a formula is fitted to, and how far expressions are from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from grammar_rae.errors import DataError
from grammar_rae.evaluators.expressions import CAP, WORST, parse, standard, values
from grammar_rae.files import kind

if TYPE_CHECKING:
    from grammar_rae.grammar import Grammar


@dataclass(frozen=True)
class Points:
    """x (P,) and y (P,), finite floats, one point or more."""

    x: np.ndarray
    y: np.ndarray


def read(path: str | Path) -> Points:
    """The columns x and y of a .csv (.gz) or .parquet, any case; without such names, its only two columns.

    DataError: missing or unreadable file, other columns, no row, a cell that is not a finite number.
    """
    suffix = kind(path)
    if suffix not in (".csv", ".parquet"):
        raise DataError(f"{path}: points come as .csv or .parquet with the columns x and y")
    try:
        table = pd.read_parquet(path) if suffix == ".parquet" else pd.read_csv(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (ValueError, EOFError) as error:
        raise DataError(f"{path}: not a table of points ({str(error).splitlines()[0]})") from error
    names = {str(name).strip().lower(): name for name in table.columns}
    if {"x", "y"} <= names.keys():
        table = table[[names["x"], names["y"]]]
    if table.shape[1] != 2 or any(_is_number(name) for name in names):
        raise DataError(f"{path}: expected a header with the columns x and y, got {', '.join(names)}")
    if table.empty:
        raise DataError(f"{path}: no points under the header, expected one row or more")
    numbers = table.apply(pd.to_numeric, errors="coerce").to_numpy(float)
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        row, column = bad[0]
        raise DataError(f"{path}: row {row + 1}: {table.iat[row, column]!r} is not a finite number")
    return Points(numbers[:, 0], numbers[:, 1])


def errors(strings: Sequence[str], points: Points, grammar: Grammar | None = None) -> np.ndarray:
    """Mean squared error (n,) over the points; NaN where an expression does not parse or is undefined at one."""
    found = np.full(len(strings), np.nan)
    for item, value in _values(strings, points, grammar):
        with np.errstate(all="ignore"):
            error = ((value - points.y) ** 2).mean()
        found[item] = error if np.isfinite(error) else np.nan
    return found


def log_errors(strings: Sequence[str], points: Points, grammar: Grammar | None = None) -> np.ndarray:
    """log(1 + MSE) (n,), squared errors capped at 1,000 a point as in `expressions.score`, 0 to log(1001).

    log(1001) where an expression is undefined at a point, NaN where it does not parse.
    """
    found = np.full(len(strings), np.nan)
    for item, value in _values(strings, points, grammar):
        with np.errstate(all="ignore"):
            error = np.minimum((value - points.y) ** 2, CAP).mean()
        found[item] = np.log1p(error) if np.isfinite(error) else WORST
    return found


def _values(strings: Sequence[str], points: Points, grammar: Grammar | None) -> list[tuple[int, np.ndarray]]:
    """The place and the values (P,) of each expression that parses."""
    grammar = grammar or standard()
    x, why = parse(strings, grammar)
    return [(item, values(x[item], grammar, points.x)) for item in range(len(strings)) if item not in why]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
