"""Walks through a model's latent space as tables, and as pictures of what they pass through."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from grammar_rae.errors import DataError
from grammar_rae.evaluators.goals import goal
from grammar_rae.model import Model

COLUMN = {"molecules": "smiles", "expressions": "expression", "strings": "string"}
LIKE = {"molecules": ("similarity", "similarity:"), "expressions": ("error", "expression:")}


def interpolation(
    model: Model, a: str, b: str, steps: int = 8, path: str = "straight", score: str | None = None
) -> pd.DataFrame:
    """`Model.interpolate` as a table: the string, its share of the way, how like both ends it is, its `score`.

    Molecules: similarity_a and similarity_b, Tanimoto (`similarity:` of `evaluators.goals`). Expressions: error_a
    and error_b, log(1 + MSE) against the ends (`expression:`). `score` is any specification, shown in its published
    direction. NaN where a string is not valid. Errors as those of `Model.encode`, `latent.between` and `goal`.
    """
    strings = model.interpolate(a, b, steps, path)
    frame = pd.DataFrame({COLUMN[model.task]: strings, "share": [i / (steps - 1) for i in range(steps)]})
    return _described(frame, model, {"_a": a, "_b": b}, score)


def neighbourhood(
    model: Model, item: str, n: int = 20, radius: float = 1.0, seed: int = 0, score: str | None = None
) -> pd.DataFrame:
    """`Model.neighbours` as a table: the string, its latent distance, how like the item it is, its `score`.

    Columns as those of `interpolation`; the distance is in units explained at `latent.around`.
    """
    found = model.neighbours(item, n, radius=radius, seed=seed)
    return _described(found.rename(columns={"string": COLUMN[model.task]}), model, {"": item}, score)


def picture(frame: pd.DataFrame, model: Model, ends: dict[str, str], path: str | Path) -> int:
    """Draw a table's items between the `ends` (name: item; the second, if any, comes last) as a PNG, each with its
    numbers underneath; how many were drawn. DataError for a model whose strings cannot be drawn.
    """
    if model.task not in LIKE:
        raise DataError(f"{path}: no picture of {model.task}; molecules and expressions can be drawn")
    column = COLUMN[model.task]
    numbers = frame.drop(columns=column)
    legends = [_legend(row) for row in numbers.to_dict("records")]
    (first, start), *last = ends.items()
    items = [start, *frame[column], *(item for _, item in last)]
    legends = [first, *legends, *(name for name, _ in last)]
    if model.task == "molecules":
        from grammar_rae.evaluators.pictures import grid

        return grid(items, path, rows=-(-len(items) // 5), legends=legends)
    from grammar_rae.evaluators.figures import curves, save

    save(curves(items, titles=legends), path)
    return len(items)


def _described(frame: pd.DataFrame, model: Model, ends: dict[str, str], score: str | None) -> pd.DataFrame:
    """The table with how like each end its items are, and with their score."""
    strings = frame[COLUMN[model.task]].tolist()
    goals = {}
    if model.task in LIKE:
        name, spec = LIKE[model.task]
        goals = {f"{name}{end}": goal(f"{spec}{item}") for end, item in ends.items()}
    if score is not None:
        goals["score"] = goal(score, model.task)
    for name, found in goals.items():
        frame[name] = found.display(found(strings))
    return frame


def _legend(row: dict[str, float]) -> str:
    """The numbers of an item: `share 0.29, A 0.56, B 0.17, score 0.57`."""
    ends = {"a": "A", "b": "B"}
    return ", ".join(f"{ends.get(name.split('_')[-1], name)} {value:.2f}" for name, value in row.items())
