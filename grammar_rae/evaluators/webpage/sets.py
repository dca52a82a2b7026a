"""What a page is about: sets of items that were evaluated, and what they are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class Map:
    """Codes (n, D) of a set's items, and codes (m, D) of data if any, each with the property that colours it."""

    model: str
    column: str  # the property
    codes: NDArray[np.floating]
    values: NDArray[np.floating]  # (n,)
    data: NDArray[np.floating] | None = None
    data_values: NDArray[np.floating] | None = None  # (m,)
    data_name: str = ""


@dataclass(frozen=True)
class Measured:
    """One set: its name, one row an item (`evaluators.table`), its metrics, and its place in a latent space."""

    name: str
    items: pd.DataFrame
    numbers: Mapping[str, Any]
    map: Map | None = None


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
