"""Data sets by name, or from a user's own file.

Always at hand: `expressions` (drawn from `equation.cfg`), `nci` (inside RDKit) and `digits` (inside
scikit-learn). The published ones are looked for in the folder GRAMMAR_RAE_DATA names, then in the user's
cache, then downloaded where they may be; see `data/sources.toml`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from grammar_rae.catalogue import DATASETS, imported
from grammar_rae.chemistry.diagnosis import problem_of, reason
from grammar_rae.chemistry.smiles import canonical, canonicals, kekule, kekules, molecule
from grammar_rae.datasets.dataset import Dataset, last_tenth, shuffled
from grammar_rae.datasets.image_sets import own
from grammar_rae.datasets.looks import reading_for
from grammar_rae.datasets.recognise import recognise
from grammar_rae.errors import DataError, nearest, option, shown_name
from grammar_rae.files import given, images
from grammar_rae.files.layout import Reading
from grammar_rae.files.tables import Reject, located, read

UNIFORM = "uniform"  # what is drawn from a grammar in place of a data set

__all__ = [
    "DATASETS",
    "UNIFORM",
    "Dataset",
    "canonical",
    "canonicals",
    "check_column",
    "check_file",
    "kekule",
    "kekules",
    "last_tenth",
    "load",
    "molecule",
    "problem_of",
    "reason",
    "recognise",
    "shuffled",
]


def check_file(name: str | Path) -> None:
    """DataError where there is no file of a name that is no data set's."""
    file = located(name)[0]
    if file != "-" and not os.path.exists(file):
        raise DataError(
            f"{shown_name(name)}: no such file, and no data set of that name; {nearest(str(name), DATASETS)}"
        )


def check_column(name: Any, column: str | None) -> None:
    """DataError for a `column` of what has none: a data set's name, images, or what is no file."""
    if column is None:
        return
    if not isinstance(name, str | Path):
        raise DataError(
            f"{option('column')} {column}: only a file has columns to choose from; give the strings alone"
        )
    if str(name) in DATASETS or str(name) == UNIFORM or _of_images(name):
        raise DataError(f"{option('column')} {column}: {name} has no columns; leave it out")


def _of_images(name: str | Path) -> bool:
    return os.path.isdir(name) or images.of_images(name)


def load(name: Any, column: str | None = None, reading: Reading | None = None) -> Dataset[Any]:
    """A data set by its name, the items of a file (`column` of a table, FILE:COLUMN too), a list of strings, a table.

    A file or list is split by a fixed permutation, 10 % for validation, none for a test; a folder or array of
    images (`files.images.read`) keeps 10 % for a test. `reading`: how a file of strings is read. DataError where the
    name is neither known nor a file, the file cannot be used, or a published file cannot be had.
    """
    if not isinstance(name, str | Path):
        return _listed(name)
    if str(name) in DATASETS:
        dataset: Dataset[Any] = imported(DATASETS[str(name)].load)()
        return dataset
    if _of_images(name):
        return own(name)
    check_file(name)
    items = read(name, column, reading or reading_for())
    if not items.values:
        raise DataError(
            f"{name}: none of its {len(items.rejected):,} rows can be used; "
            f"line {items.rejected[0].line}: {items.rejected[0].reason}"
        )
    lines = dict(zip(items.values, items.lines, strict=True))
    kind = items.kind or recognise(items.values)
    return Dataset(str(name), *shuffled(items.values, test=0.0), kind, items.rejected, lines=lines)


def _listed(items: Any) -> Dataset[str]:
    """Strings as a caller gives them; places from 1 stand for lines."""
    found = given.strings(items)
    values = [item for item in found if item is not None]
    if not values:
        what = f"a list of {len(found):,} missing items" if found else "an empty list of items"
        raise DataError(f"{what}, expected one string or more")
    rejected = [Reject(place, "", "missing") for place, item in enumerate(found, 1) if item is None]
    return Dataset("items", *shuffled(values, test=0.0), given.kind(items) or recognise(values), rejected)
