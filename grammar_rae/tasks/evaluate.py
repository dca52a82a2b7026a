"""Items in one flat dict of metrics, and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from grammar_rae.files.given import kind as kind_of
from grammar_rae.files.images import Images, are_images
from grammar_rae.files.tables import is_name
from grammar_rae.tasks.compared import compared, present
from grammar_rae.tasks.filed import with_rejects
from grammar_rae.tasks.find import read_file, task_for
from grammar_rae.tasks.strings import STRINGS as TEXT_TASK
from grammar_rae.tasks.task import Numbers, Task

if TYPE_CHECKING:
    from grammar_rae.grammar.grammar import Grammar


def evaluate(
    strings: Any,
    reference: Any = None,
    train: Any = None,
    task: str | Path | Grammar | Task | None = None,
    fcd: bool = False,
) -> Numbers:
    """Every metric of the strings' task (`metrics.METRICS` says what each one is); None where there is no score.

    n, valid, unique, novel as in `evaluation.shares.shares`, and the mean of each property over valid items. Molecules:
    the metrics of MOSES and GuacaMol. Expressions: those of `expression_metrics`. With a `reference` also
    `<property>_w1`: Wasserstein-1, between the two distributions of a property, and the similarities to it; with `fcd`
    the Fréchet ChemNet distance (extra `metrics`; 150 molecules a second and core). With task "images" these are
    images, compared with a reference's.

    `strings`: a list, an array or a series, a table with a column of them, a file, or one string; what is missing is
    not valid. `reference` and `train` likewise, or the name of a data set; `train` also hashes of canonical forms. How
    much of them cannot be read is `reference_unreadable` and `train_unreadable`, shares from 0 to 1.
    """
    kind, items = _items(strings, task)
    other, known = compared(reference, kind, "reference"), compared(train, kind, "train")
    profile = None if other.items is None else kind.reference(other.items)
    return kind.measure(items, profile, known.items, fcd).numbers | other.said | known.said


def table(strings: Any, task: str | Path | Grammar | Task | None = None) -> pd.DataFrame:
    """One row an item: the string, valid, reason, canonical, and the properties; `strings` as in `evaluate`."""
    kind, items = _items(strings, task)
    return kind.table(items)


def _items(given: Any, task: str | Path | Grammar | Task | None) -> tuple[Task, Any]:
    """What a caller gives to be measured, and its kind."""
    if isinstance(given, Path) or (isinstance(given, str) and is_name(given)):
        kind, file = read_file(str(given), None if task is None else task_for(task, []))
        return kind, with_rejects(kind, file)[0]
    if task is not None or _are_images(given):
        kind = task_for(task or "images", [])
        return kind, present(kind, given)
    items = present(TEXT_TASK, given)
    return task_for(None, items, kind_of(given)), items


def _are_images(given: Any) -> bool:
    return isinstance(given, Sequence | np.ndarray | Images) and are_images(given)
