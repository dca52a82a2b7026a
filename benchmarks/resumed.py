"""A benchmark that a kill does not lose: runs in folders that are trained on, finished rows as JSON."""

from __future__ import annotations

import argparse
import csv
import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from grammar_rae.experiments.train import train
from grammar_rae.model.model import Model
from grammar_rae.recipes.schema import Recipe
from grammar_rae.runs import folder as runs
from grammar_rae.training.memory import keep_freed

Row = dict[str, Any]


def parser(doc: str | None, seeds: int = 3) -> argparse.ArgumentParser:
    """What all of them ask."""
    made = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    made.add_argument("--out", type=Path, required=True, help="folder of rows and runs, to go on from")
    made.add_argument("--seeds", type=int, default=seeds)
    made.add_argument("--threads", type=int, default=1, help="of torch")
    return made


def set_up(options: argparse.Namespace, *cases: str) -> Row:
    """What every row depends on: the options but those that say which `cases` are run, where and how. Torch is set."""
    keep_freed()
    torch.set_num_threads(options.threads)
    return {k: v for k, v in vars(options).items() if k not in ("out", "seeds", "threads", *cases)}


def trained(recipe: Recipe, folder: Path) -> Model[Any]:
    """The model of a run folder, trained from the start, from its checkpoint, or not at all where it is complete."""
    begun = (folder / "checkpoint").is_dir()
    if not begun and (folder / "weights.safetensors").is_file():
        return Model.load(folder)
    return train(recipe, out=folder, resume=begun)


def seconds_an_epoch(folder: Path) -> float:
    """The median over a run's epochs."""
    with (folder / "history.csv").open() as file:
        return statistics.median(float(row["seconds"]) for row in csv.DictReader(file))


def measured(
    cases: Iterable[tuple[str, Recipe]],
    out: Path,
    settings: Row,
    measure: Callable[[Model[Any], Path], Row],
) -> list[Row]:
    """A row of every case (its name and recipe), those that `out` holds already read from there.

    `out` holds `rows/NAME.json` and `runs/NAME`; several processes may work on different cases of one folder.
    SystemExit where a row there was made with other settings.
    """
    rows = []
    for name, recipe in cases:
        path, folder = out / "rows" / f"{name}.json", out / "runs" / name
        if not path.exists():
            row = {"name": name, **measure(trained(recipe, folder), folder)}
            row |= {"seconds_an_epoch": seconds_an_epoch(folder), "settings": settings}
            runs.replace(path, json.dumps(row, indent=1) + "\n")
            print(json.dumps({k: v for k, v in row.items() if k != "settings"}), flush=True)
        rows.append(json.loads(path.read_text()))
        if rows[-1]["settings"] != settings:
            raise SystemExit(
                f"{path} was made with {rows[-1]['settings']}, not {settings}; name another --out"
            )
    return rows


def spread(values: Sequence[float | None], digits: int = 2) -> str:
    """Mean ± standard deviation, the mean alone of one value, «–» of none."""
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    mean = f"{np.mean(known):.{digits}f}"
    return mean if len(known) < 2 else f"{mean} ± {np.std(known, ddof=1):.{digits}f}"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
