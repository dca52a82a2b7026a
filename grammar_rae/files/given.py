"""Strings as callers give them: a list, an array, a column of a table, or one string alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from grammar_rae.errors import DataError, excerpt, one_line
from grammar_rae.files.layout import kind_of, named


def strings(items: Any, word: str = "strings") -> list[str | None]:
    """A list of strings, None for what is missing (None, NaN); one string alone is a list of one.

    Of a table, the column whose name is one of `layout.COLUMNS`, or the only one. An RDKit molecule is its SMILES.
    DataError for what holds no strings, with the place.
    """
    items = items.item() if isinstance(items, np.ndarray) and items.ndim == 0 else items
    if isinstance(items, str):
        return [items]
    if isinstance(items, Path | bytes) or not isinstance(items, Iterable):
        raise DataError(f"{excerpt(repr(items))[0]} is a {type(items).__name__}; expected a list of {word}")
    values = list(_column(items))
    if all(isinstance(item, str) for item in values):
        return values
    return [item if isinstance(item, str) else _string(item, place) for place, item in enumerate(values)]


def filled(items: Any) -> list[str]:
    """As `strings`, with the empty string for what is missing."""
    return [item or "" for item in strings(items)]


def kind(items: Any) -> str | None:
    """The kind of data that the name of a table's column, or of a series, says, if any."""
    if isinstance(items, Mapping | pd.DataFrame):
        items = _column(items)
    return kind_of(str(items.name)) if isinstance(items, pd.Series) else None


def _column(items: Any) -> Iterable[Any]:
    """What is listed: of a table, its column of strings."""
    if isinstance(items, Mapping):
        items = _table(items)
    if not isinstance(items, pd.DataFrame):
        return items
    names = [str(name) for name in items.columns]
    place = 0 if len(names) == 1 else named(names)
    if place is None:
        raise DataError(
            f"a table of {', '.join(names)}; give the column of its strings, as table['{names[0]}']"
        )
    return items.iloc[:, place]


def _table(columns: Mapping[Any, Any]) -> pd.DataFrame:
    """The table of a dictionary. DataError where it is none."""
    try:
        return pd.DataFrame(columns)
    except ValueError as error:
        shown = excerpt(", ".join(map(repr, columns)))[0]
        raise DataError(
            f"a dictionary of {shown} is no table ({one_line(error)}); expected a list of strings"
        ) from error


def _string(item: Any, place: int) -> str | None:
    """An item that is no string: missing, or a molecule."""
    if item is None or (pd.api.types.is_scalar(item) and pd.isna(item)):
        return None
    from rdkit import Chem

    if isinstance(item, Chem.Mol):
        return Chem.MolToSmiles(item)
    raise DataError(f"item {place}: {excerpt(repr(item))[0]} is a {type(item).__name__}; expected a string")
