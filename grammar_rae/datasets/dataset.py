"""What a data set is, and the ways of splitting one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from grammar_rae.chance import permutation
from grammar_rae.files.tables import Reject

Item = TypeVar("Item")


@dataclass(frozen=True)
class Dataset(Generic[Item]):
    """Items in three parts; `test` is never trained on. `task`: molecules, expressions, strings or images.

    Items are strings, or images as in `files.images`. `labels`: the class of each item of a part, integers (n,), by the
    part's name; a part whose classes are not known is absent. `lines`: where in a file an item stands.
    """

    name: str
    train: Sequence[Item]
    valid: Sequence[Item]
    test: Sequence[Item]
    task: str
    rejected: list[Reject] = field(default_factory=list)
    labels: Mapping[str, NDArray[np.integer]] = field(default_factory=dict, compare=False)
    lines: Mapping[Item, int] = field(default_factory=dict, compare=False)

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

    The shares `test` and `valid` are of all items; of two items or more at least one validates.
    """
    train, validation, testing = ([items[i] for i in part] for part in permuted(len(items), test, valid))
    return train, validation, testing


def permuted(count: int, test: float, valid: float = 0.1) -> tuple[list[int], list[int], list[int]]:
    """The indices of `shuffled`, of `count` items."""
    tested = int(round(count * test))
    validated = max(int(round(count * valid)), 1 if count > 1 else 0)
    parts = np.split(permutation(count, seed=0), [tested, tested + validated])
    testing, validation, training = (sorted(part.tolist()) for part in parts)
    return training, validation, testing
