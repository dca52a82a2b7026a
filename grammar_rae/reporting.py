"""The page of `evaluate`: files or a model's samples, with the reference, a map of codes and how to make it again."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import rdkit

import grammar_rae
from grammar_rae import datasets, runs
from grammar_rae.errors import DataError
from grammar_rae.evaluators import summary
from grammar_rae.evaluators.tasks import Task
from grammar_rae.evaluators.webpage import Map, Measured, Reference, page
from grammar_rae.files import read, write_bytes
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
    sets: Sequence[Measured],
    task: Task,
    reference: str | None = None,
    column: str | None = None,
    model: str | None = None,
    seed: int = 0,
    command: str = "",
    score: str = "qed",
) -> None:
    """Write the page. With a `model` every set gets a map of its items' codes. DataError as `page`, `Model.load`."""
    compared = (
        None if reference is None else compare(reference, task, column, max(len(s.items) for s in sets))
    )
    if model is not None:
        loaded = Model.load(model)
        sets = [replace(one, map=encoded(loaded, one, seed)) for one in sets]
    facts = how(command, [one.name for one in sets], seed)
    short = [Path(one.name).name for one in sets]
    if len(set(short)) == len(short):
        sets = [replace(one, name=name) for one, name in zip(sets, short, strict=True)]
    write_bytes(path, page(sets, task, compared, facts, score).encode())


def report_run(
    path: Path,
    name: str,
    numbers: Mapping[str, object],
    n: int,
    seed: int,
    reference: str | None = None,
    command: str = "",
    score: str = "qed",
) -> None:
    """Write the page of n samples of a model, with all that was measured of it."""
    model = Model.load(name)
    task = task_of(model)
    items = task.table(model.generate(n, seed=seed))
    scored = summary(items, task, None if reference is None else strings(reference), model.run.seen)
    codes = model.sample_codes(min(n, MAPPED), seed=seed)
    place = mapped(model, task, codes, items[COLOURS[task.name]].to_numpy(float)[: len(codes)], seed)
    one = Measured(name, items, {**scored, **numbers}, place)
    compared = None if reference is None else compare(reference, task, None, n)
    write_bytes(path, page([one], task, compared, how(command, [name], seed), score).encode())


def compare(name: str, task: Task, column: str | None, n: int) -> Reference:
    """A data set's training part, or a file, and what as many as n of a data set's held-out items score."""
    given = strings(name, column)
    order = np.random.default_rng(0).permutation(len(given))[:COMPARED]
    items = task.table([given[i] for i in order])
    if name not in datasets.DATASETS:
        return Reference(
            name, items, len(given), summary(items, task), f"averages of {len(items):,} of its items"
        )
    data = datasets.load(name)
    held, part = (data.test, "test") if data.test else (data.valid, "validation")
    held = held[:n]
    own = summary(task.table(held), task, given, given)
    return Reference(
        name, items, len(given), own, f"what the first {len(held):,} items of its {part} part score"
    )


def encoded(model: Model, one: Measured, seed: int) -> Map | None:
    """Where the items of a set lie in a model's latent space; None where it can read none of them."""
    task = task_of(model)
    rows = one.items[one.items["valid"].astype(bool)]
    rows = rows.iloc[np.sort(np.random.default_rng(seed).permutation(len(rows))[:MAPPED])]
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
    order = np.random.default_rng(seed).permutation(len(held))[:MAPPED]
    items = [held[i] for i in order]
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


def strings(name: str, column: str | None = None) -> list[str]:
    """A named data set's training part, or all of a file."""
    return datasets.load(name).train if name in datasets.DATASETS else read(name, column).values
