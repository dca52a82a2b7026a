"""Sets that items are compared with, by name or as a list, and how much of them can be read."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from grammar_rae import datasets
from grammar_rae.errors import DataError, excerpt
from grammar_rae.files.layout import NoColumn
from grammar_rae.tasks import find
from grammar_rae.tasks.task import ItemFile, Numbers, Task


@dataclass(frozen=True)
class Compared:
    """The items of a set, or hashes of them, and the numbers that say how much of it cannot be read."""

    items: Any = None
    numbers: Numbers | None = None

    @property
    def said(self) -> Numbers:
        """The numbers, none where nothing was to be read."""
        return self.numbers or {}


def compared(
    given: Any, task: Task, role: str, column: str | None = None, other: str | None = None
) -> Compared:
    """The set with a role, `train` or `reference`: a data set's name (its training part, or what was held out of it), a
    file, with the `column` of a table, else the `other` one if it has that, a list, or hashes of training items.

    One warning says how many items cannot be read. DataError where there is nothing to compare with.
    """
    if given is None or (isinstance(given, np.ndarray) and given.dtype == np.uint64):
        return Compared(given)
    rejected = 0
    if isinstance(given, str | Path):
        items, rejected = _named(str(given), task, role, column, other)
    else:
        items = present(task, given)
    if not task.medium.gaps:
        return Compared(items)
    forms = task.canonical(items)
    bad = [place for place, form in enumerate(forms) if form is None]
    if bad:
        name = given if isinstance(given, str | Path) else role
        warnings.warn(
            f"{name}: {len(bad):,} of its {len(items):,} items are no {task.name}, the first: "
            f"«{excerpt(items[bad[0]])[0]}»: {task.reasons([items[bad[0]]])[0]}",
            stacklevel=3,
        )
    share = (len(bad) + rejected) / (len(items) + rejected) if rejected or len(items) else None
    return Compared(items, {f"{role}_unreadable": share})


def present(task: Task, items: Any) -> Any:
    """Items as a caller gives them, with what stands for one that is missing."""
    found, missing = task.medium.given(items), task.medium.missing
    return [missing if item is None else item for item in found] if task.medium.gaps else found


def _named(
    name: str, task: Task, role: str, column: str | None, other: str | None
) -> tuple[Sequence[Any], int]:
    """The items of a data set or file, and how many rows of the file hold none."""
    if name not in datasets.DATASETS:
        file = _read(name, task, column, other)
        return file.values, len(file.rejected)
    datasets.check_column(name, column)
    data = datasets.load(name)
    if find.named(data.task).medium.word != task.medium.word:
        raise DataError(
            f"{name} holds {data.task}, which {task.name} cannot be compared with; name another set"
        )
    held_out = role == "reference"
    items: Sequence[Any] = [*data.valid, *data.test] if held_out else data.train
    if not len(items):
        raise DataError(f"{name} has nothing {'held out' if held_out else 'to train on'}; name a file")
    return items, 0


def _read(name: str, task: Task, column: str | None, other: str | None) -> ItemFile:
    datasets.check_file(name)
    if column is not None or other is None:
        return task.medium.read(name, column)
    try:
        return task.medium.read(name, other)
    except NoColumn:
        return task.medium.read(name)
