"""A file of strings in one flat dict, and its properties as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import wasserstein_distance

from grammar_rae.evaluators.seen import hashes
from grammar_rae.evaluators.tasks import Numbers, Task, task_for
from grammar_rae.evaluators.text import shares

if TYPE_CHECKING:
    from grammar_rae.grammar import Grammar

TEN = 10


def evaluate(
    strings: Sequence[str],
    reference: Sequence[str] | None = None,
    train: np.ndarray | Sequence[str] | None = None,
    task: str | Path | Grammar | Task | None = None,
) -> Numbers:
    """Every metric of the strings' task; None where there is no score.

    n, valid, unique, novel as in `text.shares` (`train`: strings, or hashes of canonical forms), and the
    mean of each property over valid items. Molecules: `ten_heavy_atoms`, the share of valid items with ten or
    more. Expressions: those of `expressions.numbers`.
    With a `reference` also `<property>_w1`: Wasserstein-1, between the two distributions of a property.
    """
    found = task_for(task, strings)
    return summary(found.table(strings), found, reference, train)


def table(strings: Sequence[str], task: str | Path | Grammar | Task | None = None) -> pd.DataFrame:
    """One row an item: the string, valid, reason, canonical, and the properties of the task."""
    return task_for(task, strings).table(strings)


def summary(
    items: pd.DataFrame,
    task: Task,
    reference: Sequence[str] | None = None,
    train: np.ndarray | Sequence[str] | None = None,
) -> Numbers:
    """The dict of `evaluate` from a table of items made before."""
    known = train
    if train is not None and not isinstance(train, np.ndarray):
        known = hashes(form for form in task.canonical(train) if form is not None)
    numbers = shares(
        [form if ok else None for form, ok in zip(items["canonical"], items["valid"], strict=True)], known
    )
    valid = items[items["valid"].astype(bool)]
    numbers |= {name: _number(valid[name].mean()) for name in task.properties}
    if task.name == "molecules":
        numbers["ten_heavy_atoms"] = _number((valid["heavy_atoms"] >= TEN).mean())
    numbers |= task.numbers(items, None if isinstance(train, np.ndarray) else train)
    if reference is not None:
        other = task.table(reference)
        numbers |= {f"{name}_w1": _distance(valid[name], other[name]) for name in task.properties}
    return numbers


def properties(items: pd.DataFrame, task: str | Path | Grammar | Task | None = None) -> pd.DataFrame:
    """Mean, spread and range of each property over the valid items of a table."""
    kind = task_for(task, items["canonical"].dropna().tolist())
    valid = items.loc[items["valid"].astype(bool), list(kind.properties)]
    return valid.agg(["mean", "std", "min", "median", "max"]).T.rename_axis("property")


def _distance(first: pd.Series, second: pd.Series) -> float | None:
    a, b = first.dropna(), second.dropna()
    return _number(wasserstein_distance(a, b)) if len(a) and len(b) else None


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
