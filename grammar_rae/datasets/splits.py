"""What a data set is, and the ways of splitting one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from grammar_rae.files import Reject


@dataclass(frozen=True)
class Dataset:
    """Strings in three parts; `test` is never trained on. `task`: molecules, expressions or strings."""

    name: str
    train: list[str]
    valid: list[str]
    test: list[str]
    task: str
    rejected: list[Reject] = field(default_factory=list)

    def __repr__(self) -> str:
        sizes = f"train {len(self.train):,}, valid {len(self.valid):,}, test {len(self.test):,}"
        rejects = f", rejected {len(self.rejected):,}" if self.rejected else ""
        return f"Dataset({self.name}: {self.task}, {sizes}{rejects})"


def last_tenth(items: Sequence[str]) -> tuple[list[str], list[str]]:
    """(training, validation): the last 10 % validate, as Keras does and the grammar VAE's authors did."""
    cut = int(len(items) * (1.0 - 0.1))
    return list(items[:cut]), list(items[cut:])


def shuffled(items: Sequence[str], test: float, valid: float = 0.1) -> tuple[list[str], list[str], list[str]]:
    """(training, validation, test) drawn by a fixed permutation, each part in the order of `items`.

    Shares are of all items; a data set of two items or more keeps at least one for training and validation.
    """
    order = np.random.default_rng(0).permutation(len(items))
    held = int(round(len(items) * test))
    checked = max(int(round(len(items) * valid)), 1 if len(items) > 1 else 0)
    parts = np.split(order, [held, held + checked])
    first, second, rest = ([items[i] for i in sorted(part)] for part in parts)
    return rest, second, first
