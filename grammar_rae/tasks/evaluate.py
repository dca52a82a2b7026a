"""Items in one flat dict of metrics, and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from grammar_rae.tasks.find import task_for
from grammar_rae.tasks.task import Numbers, Task

if TYPE_CHECKING:
    from grammar_rae.grammar.grammar import Grammar


def evaluate(
    strings: Sequence[Any],
    reference: Sequence[Any] | None = None,
    train: np.ndarray | Sequence[Any] | None = None,
    task: str | Path | Grammar | Task | None = None,
    fcd: bool = False,
) -> Numbers:
    """Every metric of the strings' task (`metrics.METRICS` says what each one is); None where there is no score.

    n, valid, unique, novel as in `evaluation.shares.shares` (`train`: strings, or hashes of canonical forms), and the
    mean of each property over valid items. Molecules: the metrics of MOSES and GuacaMol. Expressions: those of
    `expression_metrics`. With a `reference` also `<property>_w1`: Wasserstein-1, between the two distributions
    of a property, and the similarities to it; with `fcd` the Fréchet ChemNet distance (extra `metrics`; 150
    molecules a second and core). With task "images" these are images, compared with a reference's.
    """
    kind = task_for(task, strings)
    other = None if reference is None else kind.reference(reference)
    return kind.measure(strings, other, train, fcd).numbers


def table(strings: Sequence[Any], task: str | Path | Grammar | Task | None = None) -> pd.DataFrame:
    """One row an item: the string, valid, reason, canonical, and the properties of the task."""
    return task_for(task, strings).table(strings)
