"""A benchmark that a kill does not lose: runs in folders that are trained on, finished rows as JSON."""

from __future__ import annotations

import argparse
import csv
import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from functools import partial
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


def trained(recipe: Recipe, folder: Path, from_: Path | None = None) -> Model[Any]:
    """The model of a run folder, trained from the start or another run's weights, from its checkpoint, or not at all
    where it is complete.
    """
    begun = (folder / "checkpoint").is_dir()
    if not begun and (folder / "weights.safetensors").is_file():
        return Model.load(folder)
    return train(recipe, out=folder, from_=from_, resume=begun)


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

    def made(recipe: Recipe, folder: Path) -> Row:
        """The row of a run that is complete."""
        return {**measure(trained(recipe, folder), folder), "seconds_an_epoch": seconds_an_epoch(folder)}

    return [kept(out, name, settings, partial(made, recipe, out / "runs" / name)) for name, recipe in cases]


def kept(out: Path, name: str, settings: Row, make: Callable[[], Row]) -> Row:
    """The row that `out` holds as `rows/NAME.json`, made and written there where it is not. SystemExit where it was
    made with other settings.
    """
    path = out / "rows" / f"{name}.json"
    if not path.exists():
        row = {"name": name, **make()}
        print(json.dumps(row), flush=True)
        runs.replace(path, json.dumps({**row, "settings": settings}, indent=1) + "\n")
    row = json.loads(path.read_text())
    if row["settings"] != settings:
        raise SystemExit(f"{path} was made with {row['settings']}, not {settings}; name another --out")
    return row


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
