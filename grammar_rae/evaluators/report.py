"""A file of strings in one flat dict, and its properties as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import wasserstein_distance

from grammar_rae.errors import DataError
from grammar_rae.evaluators import molecules
from grammar_rae.evaluators.profile import Profile, profile
from grammar_rae.evaluators.seen import hashes
from grammar_rae.evaluators.tasks import Numbers, Task, task_for
from grammar_rae.evaluators.text import shares

if TYPE_CHECKING:
    from grammar_rae.grammar import Grammar


def evaluate(
    strings: Sequence[str],
    reference: Sequence[str] | None = None,
    train: np.ndarray | Sequence[str] | None = None,
    task: str | Path | Grammar | Task | None = None,
    fcd: bool = False,
) -> Numbers:
    """Every metric of the strings' task (`metrics.METRICS` says what each one is); None where there is no score.

    n, valid, unique, novel as in `text.shares` (`train`: strings, or hashes of canonical forms), and the
    mean of each property over valid items. Molecules: the metrics of MOSES and GuacaMol. Expressions: those of
    `expression_table.numbers`. With a `reference` also `<property>_w1`: Wasserstein-1, between the two distributions
    of a property, and the similarities to it; with `fcd` the Fréchet ChemNet distance (extra `metrics`; 150
    molecules a second and core).
    """
    return measured(strings, task_for(task, strings), reference, train, fcd)[1]


def measured(
    strings: Sequence[str],
    task: Task,
    reference: Sequence[str] | Profile | None = None,
    train: np.ndarray | Sequence[str] | None = None,
    fcd: bool = False,
    rows: bool = True,
) -> tuple[pd.DataFrame | None, Numbers]:
    """(`table`, `evaluate`) of strings of a known task, in one pass; no table unless `rows`.

    DataError: `fcd` without a reference, of what are no molecules, or where its package is not installed.
    """
    if fcd and (task.name != "molecules" or reference is None):
        wanting = "a reference" if task.name == "molecules" else f"molecules; these are {task.name}"
        raise DataError(f"the Fréchet ChemNet distance needs {wanting}")
    if task.name != "molecules":
        items = task.table(strings)
        return items, summary(items, task, None if isinstance(reference, Profile) else reference, train)
    read = molecules.read(strings)
    found = profile(read.forms, read.counts, compared=reference is not None)
    if reference is not None and not isinstance(reference, Profile):
        reference = molecules.reference(reference)
    numbers = molecules.metrics(read, found, reference, _known(train, task), fcd)
    return molecules.rows(strings, read, found) if rows else None, numbers


def table(strings: Sequence[str], task: str | Path | Grammar | Task | None = None) -> pd.DataFrame:
    """One row an item: the string, valid, reason, canonical, and the properties of the task."""
    return task_for(task, strings).table(strings)


def summary(
    items: pd.DataFrame,
    task: Task,
    reference: Sequence[str] | None = None,
    train: np.ndarray | Sequence[str] | None = None,
) -> Numbers:
    """What the dict of `evaluate` has of every task, from a table of items made before."""
    forms = [form if ok else None for form, ok in zip(items["canonical"], items["valid"], strict=True)]
    numbers = shares(forms, _known(train, task))
    valid = items[items["valid"].astype(bool)]
    numbers |= {name: _number(valid[name].mean()) for name in task.properties}
    if task.name == "molecules":
        numbers["ten_heavy_atoms"] = _number((valid["heavy_atoms"] >= molecules.TEN).mean())
        numbers["filters"] = _number(valid["filters"].mean())
    numbers |= task.numbers(items, None if isinstance(train, np.ndarray) else train)
    if reference is not None:
        other = task.table(reference)
        numbers |= {f"{name}_w1": _distance(valid[name], other[name]) for name in task.properties}
    return numbers


def _known(train: np.ndarray | Sequence[str] | None, task: Task) -> np.ndarray | None:
    """Hashes of canonical forms."""
    if train is None or isinstance(train, np.ndarray):
        return train
    if task.name == "molecules":
        return molecules.seen(train)
    return hashes(form for form in task.canonical(train) if form is not None)


def _distance(first: pd.Series, second: pd.Series) -> float | None:
    a, b = first.dropna(), second.dropna()
    return _number(wasserstein_distance(a, b)) if len(a) and len(b) else None


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
