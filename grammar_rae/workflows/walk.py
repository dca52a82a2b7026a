"""Walks through a model's latent space: what they pass through, as a table and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from grammar_rae.errors import DataError, shown_name
from grammar_rae.files import tables
from grammar_rae.files.images import is_name
from grammar_rae.model.model import Model
from grammar_rae.tasks.goals import goal
from grammar_rae.tasks.picture import picture
from grammar_rae.tasks.task import Task
from grammar_rae.workflows.written import write_items


@dataclass(frozen=True)
class Walk:
    """The items of a walk, one row of numbers each, and the items by name that it leads between or around.

    The first column of the table is the item, of images its number.
    """

    task: Task
    items: Any
    table: pd.DataFrame
    ends: Mapping[str, Any]

    def write(self, path: str) -> None:
        """The items, or the table where a file can hold it, as `write_items`."""
        write_items(self.task, path, self.items, self.table)

    def draw(self, path: str | Path) -> int:
        """The items between the ends (the second, if any, comes last) as a PNG, each with its numbers underneath; how
        many were drawn. DataError for items that cannot be drawn.
        """
        (first, start), *last = self.ends.items()
        legends = [_legend(row) for row in self.table.iloc[:, 1:].to_dict("records")]
        items = [start, *self.items, *(item for _, item in last)]
        return picture(self.task, items, path, [first, *legends, *(name for name, _ in last)], len(items))


def interpolation(
    model: Model, a: Any, b: Any, steps: int = 8, path: str = "straight", score: str | None = None
) -> Walk:
    """`Model.interpolate`: each item's share of the way, how like both ends it is, its `score`.

    Molecules: similarity_a and similarity_b, Tanimoto (`similarity:` of `tasks.goals`). Expressions: error_a
    and error_b, log(1 + MSE) against the ends (`expression:`). `score` is any specification, shown in its published
    direction. NaN where a string is not valid. Errors as those of `Model.encode`, `model.latent.between` and `goal`.
    """
    items = model.interpolate(a, b, steps, path)
    shares = {"share": [i / (steps - 1) for i in range(steps)]}
    return _walk(model, items, shares, {"A": a, "B": b}, score)


def neighbourhood(
    model: Model,
    item: Any,
    n: int = 20,
    radius: float = 1.0,
    seed: int = 0,
    score: str | None = None,
    rung: int | None = None,
) -> Walk:
    """`Model.neighbours`: each item's latent distance, how like the given item it is, its `score`.

    Columns as those of `interpolation`; the distance is in units explained at `model.latent.around`.
    """
    table = model.neighbours(item, n, radius=radius, seed=seed, rung=rung)
    distances = {"distance": table["distance"]}
    return _walk(model, table.iloc[:, 0].tolist(), distances, {"A": item}, score)


def interpolate(
    name: str | Path, a: str, b: str, steps: int, path: str, score: str | None = None, device: str = "cpu"
) -> Walk:
    """`interpolation` between two items as a user types them. Errors as there and as `typed`."""
    model = Model.load(name, device)
    return interpolation(model, typed(model, a), typed(model, b), steps, path, score)


def neighbours(
    name: str | Path,
    item: str,
    n: int,
    radius: float,
    seed: int = 0,
    score: str | None = None,
    device: str = "cpu",
    rung: int | None = None,
) -> Walk:
    """`neighbourhood` of an item as a user types it. Errors as there and as `typed`."""
    model = Model.load(name, device)
    return neighbourhood(model, typed(model, item), n, radius, seed, score, rung)


def typed(model: Model, text: str) -> Any:
    """The item of a model's kind that a user types. DataError as `Medium.typed`, and for a file's name where the item
    itself is wanted.
    """
    task = model.run.task
    item = task.medium.typed(text)
    of_file = is_name(text) or tables.is_name(text)
    if of_file and task.canonical([item]) == [None]:
        raise DataError(
            f"{shown_name(text)}: a file; {model.recipe.name} reads {task.name}, of which one was expected itself"
        )
    return item


def _walk(
    model: Model, items: Sequence[Any], numbers: Mapping[str, Any], ends: Mapping[str, Any], score: str | None
) -> Walk:
    """The table with how like each end its items are, and with their score."""
    task = model.run.task
    table = pd.DataFrame({task.column: task.medium.labels(items), **numbers})
    scores = {}
    if task.search is not None and task.search.likeness is not None:
        name, spec = task.search.likeness
        several = len(ends) > 1
        scores = {
            f"{name}_{end.lower()}" if several else name: goal(f"{spec}{item}") for end, item in ends.items()
        }
    if score is not None:
        scores["score"] = goal(score, model.task)
    for name, found in scores.items():
        table[name] = found.display(found(items))
    return Walk(task, items, table, ends)


def _legend(row: dict[str, float]) -> str:
    """The numbers of an item: `share 0.29, A 0.56, B 0.17, score 0.57`."""
    ends = {"a": "A", "b": "B"}
    return ", ".join(f"{ends.get(name.split('_')[-1], name)} {value:.2f}" for name, value in row.items())
