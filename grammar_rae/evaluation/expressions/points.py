"""Points that an expression should go through, from a file of two columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from grammar_rae.errors import DataError, excerpt
from grammar_rae.evaluation.expressions.target import Target
from grammar_rae.files.lines import lines

BLANKS = "blanks"
SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "bars"}  # tried in this order, then blanks


class _Row(NamedTuple):
    line: int
    cells: list[str]


def read_points(path: str | Path) -> Target:
    """The points of a file of text (`.gz` too) or `.parquet`: its columns `x` and `y`, or its two columns.

    The separator is seen from the first row, which may be a header; lines that begin with # are comments. DataError: a
    missing, empty or binary file, no such columns, a cell that is no finite number (with its line).
    """
    if Path(path).suffix.lower() == ".parquet":
        names, table, seen = _parquet(path)
    else:
        names, table, seen = _text(path)
    if {"x", "y"} <= set(names):
        places = [names.index("x"), names.index("y")]
    elif len(names) == 2:
        places = [0, 1]
    else:
        raise DataError(
            f"{path}: {_count(names)} ({excerpt(', '.join(names))[0]}){seen}; "
            "expected the columns x and y, or two columns"
        )
    if not table:
        raise DataError(f"{path}: no points below its header, expected one or more")
    points = np.array([_numbers(path, row, places, len(names), seen) for row in table])
    return Target(*points.T)


def _count(names: Sequence[str]) -> str:
    return "one column" if len(names) == 1 else f"{len(names)} columns"


def _text(path: str | Path) -> tuple[list[str], list[_Row], str]:
    """The names of the columns, or their first cells, all other rows, and what separates them, in words."""
    texts = [(line.number, line.text.strip()) for line in lines(path)]
    texts = [(number, text) for number, text in texts if text.strip(" ,;\t|") and not text.startswith("#")]
    if not texts:
        raise DataError(f"{path}: empty, expected points: two columns, x and y")
    separator = next((one for one in SEPARATORS if one in texts[0][1]), None)
    rows = list(_cut(texts, separator))
    seen = f" separated by {BLANKS if separator is None else SEPARATORS[separator]}"
    first = rows[0].cells
    if all(np.isnan(_number(cell)) for cell in first):
        return [cell.lower() for cell in first], rows[1:], seen
    return first, rows, seen


def _cut(texts: Sequence[tuple[int, str]], separator: str | None) -> Iterator[_Row]:
    for number, text in texts:
        cells = text.split() if separator is None else next(csv.reader([text], delimiter=separator))
        yield _Row(number, [cell.strip() for cell in cells])


def _parquet(path: str | Path) -> tuple[list[str], list[_Row], str]:
    import pyarrow as pa

    try:
        table = pd.read_parquet(path)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.strerror:
            raise DataError(f"{path}: cannot be read ({error.strerror})") from error
        raise DataError(f"{path}: not a Parquet file") from error
    rows = [_Row(number, list(map(str, cells))) for number, cells in enumerate(table.to_numpy(object), 1)]
    return [str(name).strip().lower() for name in table.columns], rows, ""


def _numbers(
    path: str | Path, row: _Row, places: Sequence[int], width: int, seen: str
) -> tuple[float, float]:
    if len(row.cells) != width:
        raise DataError(f"{path}: line {row.line}: {_count(row.cells)}{seen}, expected {width}")
    x, y = (_number(row.cells[place]) for place in places)
    for name, place, value in (("x", places[0], x), ("y", places[1], y)):
        if not np.isfinite(value):
            cell = excerpt(row.cells[place])[0]
            hint = "; write decimals with a point" if "," in cell else ""
            raise DataError(
                f"{path}: line {row.line}: expected a finite number for {name}, got {cell!r}{hint}"
            )
    return x, y


def _number(cell: str) -> float:
    """Its value, NaN where it is none."""
    try:
        return float(cell)
    except ValueError:
        return float("nan")
