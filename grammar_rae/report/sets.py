"""What a page is about: sets of items that were evaluated, what kind they are of, and what they are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grammar_rae.evaluation.images.metrics import Curve

if TYPE_CHECKING:
    from grammar_rae.report.html import Html


@dataclass(frozen=True)
class LatentMap:
    """Codes (n, D) of a set's items, and codes (m, D) of data if any, each with the property that colours it."""

    model: str
    column: str  # the property
    codes: NDArray[np.floating]
    values: NDArray[np.floating]  # (n,)
    data: NDArray[np.floating] | None = None
    data_values: NDArray[np.floating] | None = None  # (m,)
    data_name: str = ""


@dataclass(frozen=True)
class ItemSet:
    """One set: its name, one row an item (`Task.table`), its metrics, and its place in a latent space.

    Of images also some of them (n, H, W, C) by title, and precision-recall curves by what was drawn; of strings also
    lists by title and name.
    """

    name: str
    items: pd.DataFrame
    numbers: Mapping[str, Any]
    map: LatentMap | None = None
    pictures: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    lists: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Reference:
    """What sets are compared with: one row an item, how many there are in all, and metrics of its own.

    `numbers` are what items of its own score, those that `own` names: as good as a set can be expected to be.
    """

    name: str
    items: pd.DataFrame
    size: int
    numbers: Mapping[str, Any] = field(default_factory=dict)
    own: str = ""

    def forms(self) -> list[str]:
        """The canonical forms of its valid items."""
        return [str(form) for form in self.items.loc[self.items["valid"].astype(bool), "canonical"]]


class _Medium(Protocol):
    """What items are made of."""

    word: str  # what one item is called


class Subject(Protocol):
    """What kind the items of a page are of."""

    @property
    def medium(self) -> _Medium:
        """What its items are made of."""
        ...

    @property
    def valid(self) -> str:
        """What valid items are called."""
        ...

    @property
    def properties(self) -> tuple[str, ...]:
        """Columns that are averaged."""
        ...

    def sections(self, sets: Sequence[ItemSet], reference: Reference | None, score: str) -> list[Html]:
        """The parts that show what the items look like."""
        ...
