"""What a kind of data must answer for models to be drawn from, measured, shown on a page and searched.

A kind is one file with one object beside this one, and one line of `catalogue.TASKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grammar_rae.files.tables import Reject

if TYPE_CHECKING:
    from grammar_rae.grammar.grammar import Grammar
    from grammar_rae.report.html import Html
    from grammar_rae.report.sets import ItemSet, Reference

Numbers = dict[str, float | None]
Spelling = Callable[[Sequence[str]], list[str | None]]


@dataclass(frozen=True)
class ItemFile:
    """The items of a file, what each is called, the line it came from (0: no lines), rows without an item, and the kind
    of data that the file says it holds, if it does.
    """

    values: Sequence[Any]
    names: Sequence[str]
    lines: Sequence[int]
    rejected: Sequence[Reject] = ()
    kind: str | None = None

    def reject(self, place: int, reason: str) -> Reject:
        """An item that a model cannot read."""
        return Reject(self.lines[place], self.names[place], reason)


class Medium(Protocol):
    """What items are made of: how they are read, written and held together."""

    word: str  # what one item is called
    batch_size: int  # items decoded at a time on a CPU
    gaps: bool  # whether None can stand for an item among others
    novelty: bool  # whether a run remembers its training items, so that it can tell which items are new

    @property
    def missing(self) -> Any:
        """What stands for an item that is not there, where there are gaps; it is never valid."""
        ...

    def pick(self, items: Sequence[Any], places: Iterable[int]) -> Sequence[Any]:
        """The items at those places."""
        ...

    def given(self, items: Any) -> Any:
        """Items as callers give them, as a sequence of items. DataError for what is none."""
        ...

    def forms(self, items: Sequence[Any]) -> Sequence[Any]:
        """What a model reads in place of each item as it was given."""
        ...

    def read(self, path: str, column: str | None = None) -> ItemFile:
        """The items of a file; `column` of a table. DataError where the file cannot be used."""
        ...

    def typed(self, text: str) -> Any:
        """The item that a user means by a word of a command. DataError where there is none."""
        ...

    def labels(self, items: Sequence[Any]) -> list[Any]:
        """What stands for each item in a table: itself, or what it is called."""
        ...

    def check(self, path: str) -> None:
        """DataError where `write` could not, whatever the items: before they are made."""
        ...

    def has_columns(self, path: str) -> bool:
        """Whether a file holds the columns of a table, not the items alone."""
        ...

    def write(self, path: str, items: Any, table: pd.DataFrame | None = None) -> None:
        """Write items, or the table of them where one is given and a file can hold it. DataError where it cannot be."""
        ...

    def finished(self, items: Sequence[Any]) -> list[Any]:
        """What a codec wrote, as a user has it: an unfinished item (None) is an empty one."""
        ...

    def join(self, items: Sequence[Any]) -> Any:
        """Single items as a user has them: a list, or one array (n, …)."""
        ...

    def key(self, item: Any) -> str:
        """A string that only items written alike have; "" for an empty one."""
        ...


@dataclass(frozen=True)
class Measurement:
    """The metrics of a set of items, and its table, made when asked for."""

    numbers: Numbers
    make: Callable[[], pd.DataFrame]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row an item, as `Task.table` says."""
        return self.make()


@dataclass(frozen=True)
class Drawing:
    """How items are drawn. `grid(items, path, legends, most)` writes a PNG of the first `most` items that can be drawn
    (None: as many as are usual), each above its legend where there are any, and returns how many they are. DataError
    where none can be drawn or the file cannot be written.
    """

    grid: Callable[[Sequence[Any], str | Path, Sequence[str] | None, int | None], int]
    number: str  # how a score is written below an item, such as ".3f"


@dataclass(frozen=True)
class Searchable:
    """What a search for strings with a high score knows of them; None is what cannot be said of this kind.

    `structure(strings)` and `values(strings, points)` give the features (n, F) of surrogates by these names, and
    `alike(strings)` (n,) the index of the first string that each one equals. `similarity(reference, strings)` (n,) is
    0 to 1, NaN where a string is not valid; `heavy_atoms(strings)` (n,) counts them, NaN likewise. `sought(strings)`
    has a row each and a column for every score that is commonly sought, the higher the better, NaN where there is none.
    """

    surrogate: str  # the one that is used unless another is named
    model: str | None  # likewise, a shipped one
    structure: Callable[[Sequence[str]], NDArray[np.floating]]
    values: Callable[..., NDArray[np.floating]] | None = None
    alike: Callable[[Sequence[str]], NDArray[np.integer]] | None = None
    similarity: Callable[[str, Sequence[str]], NDArray[np.floating]] | None = None
    heavy_atoms: Callable[[Sequence[str]], NDArray[np.floating]] | None = None
    likeness: tuple[str, str] | None = (
        None  # what it is called, and the score that begins so and goes on with an item
    )
    sought: Callable[[Sequence[str]], pd.DataFrame] | None = None


class Task(Protocol):
    """A kind of data. Items are a sequence of strings, or of whatever else its medium holds."""

    @property
    def name(self) -> str:
        """Its name in the catalogue."""
        ...

    @property
    def medium(self) -> Medium:
        """What its items are made of."""
        ...

    @property
    def column(self) -> str:
        """What tables call an item."""
        ...

    @property
    def valid(self) -> str:
        """What valid items are called."""
        ...

    @property
    def properties(self) -> tuple[str, ...]:
        """Columns of `table` that are averaged and compared."""
        ...

    @property
    def colour(self) -> str:
        """The column of `table` that colours a map of codes."""
        ...

    @property
    def assessment(self) -> str:
        """How models of such items are measured, a name in the catalogue."""
        ...

    @property
    def spelling(self) -> Spelling | None:
        """Gives all equal items one spelling, None to those that are not valid; a module's function, which worker
        processes can import. None where equal items are written alike.
        """
        ...

    @property
    def drawing(self) -> Drawing | None:
        """None where items cannot be drawn."""
        ...

    @property
    def search(self) -> Searchable | None:
        """None where items cannot be searched."""
        ...

    def derived_by(self, grammar: Grammar | None) -> Task:
        """The same kind of items, those valid that the grammar derives, where its validity is a matter of grammar."""
        ...

    def recognised(self, strings: Sequence[str]) -> float:
        """How much of a sample of strings seems to be of this kind, 0 to 1."""
        ...

    def canonical(self, items: Sequence[Any]) -> list[str | None]:
        """One string that all equal items have, None where an item is not valid."""
        ...

    def reasons(self, items: Sequence[Any]) -> list[str]:
        """Why each item is not valid, in a few words; "" where it is."""
        ...

    def table(self, items: Sequence[Any], forms: Sequence[str | None] | None = None) -> pd.DataFrame:
        """One row an item: the item in the first column, valid, reason, canonical, and the properties.

        `forms`: what `spelling` made of the items, where they have been spelled.
        """
        ...

    def seen(self, items: Sequence[Any]) -> NDArray[np.uint64]:
        """Hashes of the canonical forms, which novelty is counted against."""
        ...

    def shares(
        self,
        items: Sequence[Any],
        seen: NDArray[np.uint64] | Sequence[Any] | None = None,
        forms: Sequence[str | None] | None = None,
    ) -> Numbers:
        """valid, unique and novel, and what else a model's card says of samples; quicker than `summary`."""
        ...

    def summary(self, table: pd.DataFrame, seen: NDArray[np.uint64] | Sequence[Any] | None = None) -> Numbers:
        """What a table made before says in short; `seen`: training items, or their hashes."""
        ...

    def reference(self, items: Sequence[Any]) -> Any:
        """What `measure` compares with."""
        ...

    def reference_table(self, reference: Any) -> pd.DataFrame:
        """The items of a reference as a table, or some thousands of them."""
        ...

    def measure(
        self,
        items: Sequence[Any],
        reference: Any = None,
        seen: NDArray[np.uint64] | Sequence[Any] | None = None,
        fcd: bool = False,
        forms: Sequence[str | None] | None = None,
    ) -> Measurement:
        """Every metric of the items; `forms` as in `table`.

        DataError for `fcd`, the Fréchet ChemNet distance, of what are no molecules.
        """
        ...

    def sections(self, sets: Sequence[ItemSet], reference: Reference | None, score: str) -> list[Html]:
        """The parts of a page that show what the items look like, and why some are not valid."""
        ...
