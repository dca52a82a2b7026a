"""The page of `evaluate`: files or a model's samples, with the reference, a map of codes and how to make it again."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import rdkit

import grammar_rae
from grammar_rae import datasets, runs
from grammar_rae.atomic import write_bytes
from grammar_rae.chance import permutation, subset
from grammar_rae.errors import DataError
from grammar_rae.evaluators import measured, molecules, summary
from grammar_rae.evaluators.profile import Profile
from grammar_rae.evaluators.tasks import Task
from grammar_rae.evaluators.webpage import Map, Measured, Reference, page
from grammar_rae.measure import Evaluated, compared_with
from grammar_rae.model import Model
from grammar_rae.samples import task_of

COMPARED = 10_000  # reference items whose properties are drawn
MAPPED = 2_000  # codes on a map, of samples and of data
COLOURS = {"molecules": "logp", "expressions": "score", "strings": "length"}


def ready(path: Path) -> None:
    """DataError where a page cannot be written, before anything is measured."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise DataError(f"{path}: cannot be written; expected a file in a folder that there is")


def report(
    path: Path,
    files: Sequence[str],
    found: Evaluated,
    reference: str | None = None,
    model: str | None = None,
    seed: int = 0,
    command: str = "",
    score: str = "qed",
) -> None:
    """Write the page of evaluated files; with a `model` each has a map of its items' codes.

    DataError as `page` and `Model.load`.
    """
    sets = [
        Measured(name, items, numbers)
        for name, items, numbers in zip(short(files), found.tables, found.numbers, strict=True)
        if items is not None
    ]
    if model is not None:
        loaded = Model.load(model)
        sets = [replace(one, map=encoded(loaded, one, seed)) for one in sets]
    compared = compare(reference, found, max(len(one.items) for one in sets)) if reference else None
    write_bytes(path, page(sets, found.task, compared, how(command, files, seed), score).encode())


def report_run(
    path: Path,
    name: str,
    numbers: Mapping[str, object],
    n: int,
    seed: int,
    reference: str | None = None,
    fcd: bool = False,
    command: str = "",
    score: str = "qed",
) -> None:
    """Write the page of n samples of a model from its own density, with all that was measured of it."""
    model = Model.load(name)
    task = task_of(model)
    other = compared_with(reference, None, task)
    rows, scores = measured(model.generate(n, seed=seed), task, other, model.run.seen, fcd)
    items = pd.DataFrame(rows)
    found = Evaluated(task, [items], [{**scores, **numbers}], other)
    codes = model.sample_codes(min(n, MAPPED), seed=seed)
    values = items[COLOURS[task.name]].to_numpy(float)[: len(codes)]
    one = Measured(Path(name).name, items, found.numbers[0], mapped(model, task, codes, values, seed))
    compared = compare(reference, found, n) if reference else None
    write_bytes(path, page([one], task, compared, how(command, [name], seed), score).encode())


def short(names: Sequence[str]) -> list[str]:
    """File names without their folders, where that tells them apart."""
    last = [Path(name).name for name in names]
    return last if len(set(last)) == len(last) else list(names)


def compare(name: str, found: Evaluated, n: int) -> Reference:
    """What sets were compared with; of a data set also what n items of its training part score against it."""
    other, task = found.reference, found.task
    if isinstance(other, Profile):
        head = pd.DataFrame({"valid": True, "canonical": other.forms})
        rows = pd.concat([head, other.values], axis=1)
        items = rows.loc[rows.index.repeat(other.counts)].reset_index(drop=True)
    else:
        given = list(other or ())
        items = task.table([given[i] for i in subset(len(given), COMPARED, seed=0)])
    size = len(other or ())
    train = datasets.load(name).train[:n] if name in datasets.DATASETS else []
    if not train:
        return Reference(Path(name).name, items, size)
    if isinstance(other, Profile):
        fcd = "fcd" in found.numbers[0]
        own = molecules.metrics(molecules.read(train), molecules.reference(train), other, None, fcd)
    else:
        own = summary(task.table(train), task, other)
    words = f"what {len(train):,} items of its training part score against its held-out part"
    return Reference(name, items, size, own, words)


def encoded(model: Model, one: Measured, seed: int) -> Map | None:
    """Where the items of a set lie in a model's latent space; None where it can read none of them."""
    task = task_of(model)
    rows = one.items[one.items["valid"].astype(bool)]
    rows = rows.iloc[subset(len(rows), MAPPED, seed)]
    codes, known, _ = model.encode_known(rows.iloc[:, 0].tolist())
    return mapped(model, task, codes, rows[COLOURS[task.name]].to_numpy(float)[known], seed)


def mapped(model: Model, task: Task, codes: np.ndarray, values: np.ndarray, seed: int) -> Map | None:
    """Codes beside those of the data the model's recipe names, where it is at hand."""
    column = COLOURS[task.name]
    if len(codes) < 2 or codes.shape[1] < 2:
        return None
    try:
        data = datasets.load(model.recipe.data.name)
    except DataError:
        return Map(model.recipe.name, column, codes, values)
    held = data.test or data.valid
    items = [held[i] for i in permutation(len(held), seed)[:MAPPED]]
    there, known, _ = model.encode_known(items)
    colours = task.table([items[i] for i in known])[column].to_numpy(float)
    name = f"{len(known):,} of {data.name}, not trained on"
    return Map(model.recipe.name, column, codes, values, there, colours, name)


def how(command: str, names: Sequence[str], seed: int) -> dict[str, str]:
    """The command, what it read, and under which versions."""
    found = {"command": command} if command else {}
    for name in names:
        path = runs.find(name) / "weights.safetensors" if runs.is_model(name) else Path(name)
        if path.is_file():
            found[f"SHA-256 of {name}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found | {
        "seed": str(seed),
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "grammar_rae": grammar_rae.__version__,
        "RDKit": rdkit.__version__,
        "NumPy": np.__version__,
        "Python": platform.python_version(),
    }
