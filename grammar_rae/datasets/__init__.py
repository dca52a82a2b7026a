"""Data sets by name, or from a user's own file.

Always at hand: `expressions` (drawn from `equation.cfg`), `nci` (inside RDKit) and `digits` (inside
scikit-learn). The published ones are looked for in the folder GRAMMAR_RAE_DATA names, then in the user's
cache, then downloaded where they may be; see `data/sources.toml`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grammar_rae.catalogue import DATASETS, imported
from grammar_rae.chemistry.diagnosis import problem_of, reason
from grammar_rae.chemistry.smiles import canonical, canonicals, kekule, kekules, molecule
from grammar_rae.datasets.dataset import Dataset, last_tenth, shuffled
from grammar_rae.datasets.image_sets import own
from grammar_rae.datasets.recognise import recognise
from grammar_rae.errors import DataError
from grammar_rae.files.images import ARRAYS, SUFFIXES
from grammar_rae.files.tables import Items, read

__all__ = [
    "DATASETS",
    "Dataset",
    "canonical",
    "canonicals",
    "check_file",
    "from_file",
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
    if str(name) != "-" and not Path(name).exists():
        raise DataError(
            f"{name}: no such file, and no data set of that name; there are {', '.join(DATASETS)}"
        )


def from_file(name: str | Path, column: str | None = None) -> Items:
    """`files.tables.read`, where the name may have been meant for a data set's. DataError as there."""
    check_file(name)
    return read(name, column)


def load(name: str | Path | Sequence[str], column: str | None = None) -> Dataset[Any]:
    """A data set by its name, the items of a file (`column` of a table), or a list of strings.

    A file or list is split by a fixed permutation, 10 % for validation, none for a test; a folder or array of
    images (`files.images.read`) keeps 10 % for a test. DataError where the name is neither known nor a
    file, the file cannot be used, or a published file cannot be had.
    """
    if not isinstance(name, str | Path):
        values = list(name)
        if not values:
            raise DataError("an empty list of items, expected one string or more")
        return Dataset("items", *shuffled(values, test=0.0), recognise(values))
    if str(name) in DATASETS:
        dataset: Dataset[Any] = imported(DATASETS[str(name)].load)()
        return dataset
    if Path(name).exists() and (Path(name).is_dir() or Path(name).suffix.lower() in (*ARRAYS, *SUFFIXES)):
        return own(name)
    items = from_file(name, column)
    if not items.values:
        raise DataError(
            f"{name}: none of its {len(items.rejected):,} rows can be used; "
            f"line {items.rejected[0].line}: {items.rejected[0].reason}"
        )
    return Dataset(str(name), *shuffled(items.values, test=0.0), recognise(items.values), items.rejected)
