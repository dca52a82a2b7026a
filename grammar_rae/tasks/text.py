"""What the kinds of strings share: how strings are read and written, and what their tables say in short."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grammar_rae.chance import subset
from grammar_rae.datasets.looks import reading_for
from grammar_rae.errors import DataError
from grammar_rae.evaluation.novelty import hashes
from grammar_rae.evaluation.shares import shares
from grammar_rae.files import given, tables
from grammar_rae.files.layout import Reading
from grammar_rae.tasks.task import ItemFile, Measurement, Numbers, Task

REFERENCE_ROWS = 10_000  # reference items whose properties are drawn


@dataclass(frozen=True)
class Text:
    """Strings, one a line of a file or a row of a table.

    `reading` says what their files look like; `form` is what is read in place of a string, such as one without blanks.
    """

    reading: Reading = field(default_factory=reading_for)
    form: Callable[[str], str] = str

    word = "string"
    batch_size = 1000
    gaps = True
    novelty = True

    @property
    def missing(self) -> str | None:
        """What stands for an item that is not there, which is never valid."""
        return None if self.reading.exact else ""

    def pick(self, items: Sequence[str], places: Iterable[int]) -> list[str]:
        """The strings at those places."""
        return [items[place] for place in places]

    def given(self, items: Any) -> list[str | None]:
        """As `files.given.strings`: one string is a list of one, what is missing None."""
        return given.strings(items)

    def forms(self, items: Sequence[str | None]) -> list[str | None]:
        """The `form` of each."""
        return [None if item is None else self.form(item) for item in items]

    def read(self, path: str, column: str | None = None) -> ItemFile:
        """As `files.tables.read`."""
        items = tables.read(path, column, self.reading)
        return ItemFile(items.values, items.values, items.lines, items.rejected, items.kind)

    def typed(self, text: str) -> str:
        """The word itself."""
        return text

    def labels(self, items: Sequence[str]) -> list[str]:
        """The strings themselves."""
        return list(items)

    def check(self, path: str) -> None:
        """By its suffix."""
        tables.kind(path)

    def has_columns(self, path: str) -> bool:
        """Whether the suffix is that of a table."""
        return tables.is_table(path)

    def write(self, path: str, items: Sequence[str], table: pd.DataFrame | None = None) -> None:
        """As `files.tables.write`: of a table, files that hold no columns take the first."""
        tables.write(path, items if table is None else table)

    def finished(self, items: Sequence[str | None]) -> list[str]:
        """An unfinished derivation is the empty string."""
        return [text or "" for text in items]

    def join(self, items: Sequence[str | None]) -> list[str | None]:
        """A list."""
        return list(items)

    def key(self, item: str) -> str:
        """The string itself."""
        return item


TEXT = Text()


def summary(task: Task, table: pd.DataFrame, seen: NDArray[np.uint64] | Sequence[str] | None) -> Numbers:
    """Shares of valid, distinct and new strings, and the mean of each property over the valid ones."""
    forms = [form if ok else None for form, ok in zip(table["canonical"], table["valid"], strict=True)]
    known = seen if seen is None or isinstance(seen, np.ndarray) else task.seen(seen)
    rows = valid_rows(table)
    return shares(forms, known) | {name: finite(rows[name].mean()) for name in task.properties}


def measurement(
    task: Task,
    items: Sequence[str],
    reference: Sequence[str] | None,
    seen: NDArray[np.uint64] | Sequence[str] | None,
) -> Measurement:
    """The summary of a set, with Wasserstein-1 distances of its properties from those of a reference's items."""
    table = task.table(items)
    numbers = task.summary(table, seen)
    if reference is not None:
        rows, other = valid_rows(table), task.table(reference)
        numbers |= {f"{name}_w1": _distance(rows[name], other[name]) for name in task.properties}
    return Measurement(numbers, lambda: table)


def hashed(
    canonical: Callable[[Sequence[str]], list[str | None]], items: Sequence[str]
) -> NDArray[np.uint64]:
    """Hashes of the canonical forms of valid strings."""
    return hashes(form for form in canonical(items) if form is not None)


def some_rows(table: Callable[[Sequence[str]], pd.DataFrame], items: Sequence[str]) -> pd.DataFrame:
    """The table of at most `REFERENCE_ROWS` strings, a seeded choice."""
    return table([items[i] for i in subset(len(items), REFERENCE_ROWS, seed=0)])


def refuse_fcd(task: Task) -> None:
    """The Fréchet ChemNet distance is for molecules."""
    raise DataError(f"the Fréchet ChemNet distance needs molecules; these are {task.name}")


def valid_rows(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of valid items."""
    return table[table["valid"].astype(bool)]


def finite(value: Any) -> float | None:
    """A number, None where there is none."""
    return float(value) if np.isfinite(value) else None


def _distance(first: pd.Series, second: pd.Series) -> float | None:
    from scipy.stats import wasserstein_distance

    a, b = first.dropna(), second.dropna()
    return finite(wasserstein_distance(a, b)) if len(a) and len(b) else None
