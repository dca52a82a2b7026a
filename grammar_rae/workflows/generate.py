"""Items drawn from a model, with what can be said of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from grammar_rae.model.model import Model
from grammar_rae.model.sampling import Sampling, draw
from grammar_rae.progress import Report, silent
from grammar_rae.tasks.picture import drawing_of, picture
from grammar_rae.tasks.task import Task
from grammar_rae.workflows.written import write_items

EXAMPLES, PROPERTIES = 10, 3


@dataclass(frozen=True)
class Generated:
    """Items, one row of properties each, and their summary."""

    task: Task
    items: Any
    table: pd.DataFrame
    numbers: dict[str, Any]

    def examples(self) -> pd.DataFrame:
        """The first few valid items with the first few of their properties; empty where they have none."""
        shown = self.task.properties[:PROPERTIES]
        rows = self.table[self.table["valid"].astype(bool)].head(EXAMPLES if shown else 0)
        return rows.set_index(rows.columns[0])[list(shown)]


def generate(
    name: str | Path,
    n: int,
    how: Sampling,
    out: str | None = None,
    grid: Path | None = None,
    device: str = "cpu",
    progress: Report = silent,
) -> Generated:
    """n items of a model; written to `out` as `write_items`, the first of them drawn in `grid`.

    A file with columns has every property, and the log feasible mass. Errors as `Model.samples`, DataError where a file
    cannot be written or the items cannot be drawn.
    """
    model = Model.load(name, device)
    task = model.run.task
    if out is not None:
        task.medium.check(out)
    if grid is not None:
        drawing_of(task, grid)
    drawn = draw(model, n, how, progress, mass=out is not None and task.medium.has_columns(out))
    progress("scoring", 1.0)
    table = task.table(drawn.items, drawn.forms)
    if drawn.mass is not None:
        table = table.assign(log_feasible_mass=drawn.mass)
    generated = Generated(task, drawn.items, table, task.summary(table, model.run.seen))
    if out is not None:
        write_items(task, out, drawn.items, table.drop(columns="canonical"))
    if grid is not None:
        picture(task, drawn.items, grid)
    return generated
