"""What a page is about: sets of items that were evaluated, and what they are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class Map:
    """Codes (n, D) of a set's items, and codes (m, D) of data, each with the property they are coloured by."""

    codes: NDArray[np.floating]
    values: NDArray[np.floating]  # (n,)
    data: NDArray[np.floating]
    data_values: NDArray[np.floating]  # (m,)
    column: str  # the property
    model: str
    data_name: str


@dataclass(frozen=True)
class Measured:
    """One set: its name, one row an item (`evaluators.table`), its metrics, and its place in a latent space."""

    name: str
    items: pd.DataFrame
    numbers: Mapping[str, Any]
    map: Map | None = None


@dataclass(frozen=True)
class Reference:
    """What sets are compared with: one row an item, how many there are in all, and metrics of its own."""

    name: str
    items: pd.DataFrame
    size: int
    numbers: Mapping[str, Any]

    def forms(self) -> list[str]:
        """The canonical forms of its valid items."""
        return [str(form) for form in self.items.loc[self.items["valid"].astype(bool), "canonical"]]
