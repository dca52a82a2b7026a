"""What a model wrote, to a file: what no line or record of it can hold is left out and counted, the rest is kept."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from grammar_rae.files import tables
from grammar_rae.tasks.task import Task


def write_items(task: Task, out: str, items: Any, table: pd.DataFrame | None = None) -> None:
    """Items, or the table of them where the file has columns, as `Medium.write`.

    Rows of tables are all kept. Other files have no line for a string that was left unfinished, and SD files no record
    for what is no molecule; one warning counts these.
    """
    if not task.medium.gaps:
        task.medium.write(out, items, table)
        return
    bad, what, records = np.zeros(len(items), bool), "unfinished", tables.kind(out) == ".sdf"
    if records:
        bad, what = np.array([form is None for form in task.canonical(items)], bool), "no molecules"
    elif task.canonical([""]) == [None]:  # where it is no string of theirs it stands for an unfinished one
        bad = np.array([not item for item in items], bool)
    keeps_rows = task.medium.has_columns(out) and not records
    if bad.any():
        place, fate = "standard output" if out == "-" else out, "empty rows" if keeps_rows else "left out"
        warnings.warn(f"{place}: {bad.sum():,} of {len(bad):,} strings are {what}: {fate}", stacklevel=2)
    kept = ~bad | keeps_rows
    rows = None if table is None else table[kept]
    task.medium.write(out, [item for item, keep in zip(items, kept, strict=True) if keep], rows)
