"""What the command line does with a model: draw, reconstruct, encode and decode, whole files at a time."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grammar_rae.atomic import write_bytes
from grammar_rae.errors import DataError
from grammar_rae.evaluators import summary, task_for
from grammar_rae.evaluators.tasks import Task
from grammar_rae.files import read
from grammar_rae.files import write as write_items
from grammar_rae.model import Model
from grammar_rae.progress import Report

EXAMPLES = 10


@dataclass(frozen=True)
class Samples:
    """Strings, one row of properties each, and their summary."""

    task: Task
    strings: list[str]
    table: pd.DataFrame
    numbers: dict[str, float | None]

    def examples(self) -> pd.DataFrame:
        """The first few valid items with the first few of their properties."""
        rows = self.table[self.table["valid"].astype(bool)].head(EXAMPLES)
        return rows.set_index(rows.columns[0])[list(self.task.properties[:3])]


def task_of(model: Model) -> Task:
    """How a model's strings are judged: its task, or its grammar where the task is any strings."""
    return task_for(model.run.grammar if model.task == "strings" else model.task, [])


def is_table(out: str | None) -> bool:
    """Whether a file holds columns, not just strings."""
    return out is not None and out.removesuffix(".gz").endswith((".csv", ".parquet", ".sdf"))


def draw(name: str, n: int, device: str, report: Report, believed: bool = False, **settings: Any) -> Samples:
    """`Model.generate` and a summary, novelty included; with `believed` the table has log_feasible_mass too.

    Errors as theirs.
    """
    model = Model.load(name, device)
    if believed:
        drawn = model.samples(n, report=report, **settings)
    else:
        drawn = pd.DataFrame({"string": model.generate(n, report=report, **settings)})
    report("scoring", 1.0)
    task = task_of(model)
    strings = drawn["string"].tolist()
    table = task.table(strings).join(drawn.drop(columns="string"))
    return Samples(task, strings, table, summary(table, task, None, model.run.seen))


def write(samples: Samples, out: str | None, grid: Path | None) -> None:
    """The strings to a file (tables with every property), a picture of the first molecules."""
    if out is not None:
        table = samples.table.drop(columns=["canonical"], errors="ignore")
        write_items(out, table if is_table(out) else samples.strings)
    if grid is not None:
        from grammar_rae.evaluators.pictures import grid as picture

        picture(samples.strings, grid)


def reconstruction(
    model: Model, items: list[str], temperature: float = 0.0, seed: int = 0, revisions: int = 0
) -> tuple[pd.DataFrame, dict[str, float | None]]:
    """(one row an item, {n, covered, reconstructed}) over every valid item; uncovered ones count as failures.

    Decoded once at a temperature, 0 for the likeliest, and revised as `Model.decode` says. DataError where no item is
    valid.
    """
    forms = model.same(items)
    valid = [item for item, form in zip(items, forms, strict=True) if form is not None]
    wanted = [form for form in forms if form is not None]
    if not valid:
        raise DataError(
            f"none of the {len(items):,} items is valid for {model.recipe.name}; expected {model.task}"
        )
    given = model.reconstruct(valid, temperature=temperature, seed=seed, revisions=revisions)
    spelled = model.same([text or "" for text in given])
    agrees = [a == b for a, b in zip(wanted, spelled, strict=True)]
    frame = pd.DataFrame({"item": valid, "reconstruction": given, "reconstructed": agrees})
    covered = sum(text is not None for text in given)
    return frame, {"n": len(valid), "covered": covered, "reconstructed": float(np.mean(agrees))}


def encode_file(name: str, path: str, column: str | None, out: Path, device: str) -> dict[str, float | None]:
    """Write codes (n, latent) and items (n,) as .npz; items that cannot be read go to `out`.rejects.csv."""
    from grammar_rae.files import Reject, write_rejects

    model = Model.load(name, device)
    found = read(path, column)
    z, known, rejected = model.encode_known(found.values)
    if not known:
        raise DataError(f"{path}: {name} can read none of its items; the first: {rejected[0][1]}")
    write_codes(out, z, np.array([found.values[i] for i in known]))
    bad = found.rejected + [Reject(found.lines[i], found.values[i], why) for i, why in rejected]
    if bad:
        write_rejects(f"{out}.rejects.csv", bad)
    return {"n": len(known), "rejected": len(bad), "latent": model.latent}


def decode_file(name: str, path: Path, device: str, **how: Any) -> list[str]:
    """The strings of the array `codes` of an .npz; `how` as `Model.decode`."""
    strings: list[str] = Model.load(name, device).decode(read_codes(path), **how)
    return strings


def write_codes(path: Path, codes: NDArray[np.floating], items: NDArray[Any]) -> None:
    """An .npz of codes (n, latent) and the items (n,) they belong to."""
    body = io.BytesIO()
    np.savez(body, codes=codes, items=items)
    write_bytes(path, body.getvalue())


def read_codes(path: Path) -> NDArray[np.floating]:
    """The array `codes` of an .npz. DataError where there is none."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            codes: NDArray[np.floating] = stored["codes"]
            return codes
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise DataError(f"{path}: expected an .npz with an array «codes» ({error})") from error
