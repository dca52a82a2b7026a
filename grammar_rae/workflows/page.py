"""The page of an evaluation: its sets, what they are compared with, where codes lie, and how to make it again."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from grammar_rae import datasets
from grammar_rae.chance import permutation, subset
from grammar_rae.errors import DataError, option
from grammar_rae.experiments.assessment import Assessed
from grammar_rae.files.atomic import write_bytes
from grammar_rae.files.tables import located
from grammar_rae.model.model import Model
from grammar_rae.report.page import page
from grammar_rae.report.sets import ItemSet, LatentMap, Reference
from grammar_rae.runs import folder
from grammar_rae.tasks.task import Measurement, Task
from grammar_rae.workflows.evaluate import Evaluated

MAPPED = 2_000  # codes on a map, of samples and of data


def check(path: Path) -> None:
    """DataError where a page cannot be written, before anything is measured."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise DataError(f"{path}: cannot be written; expected a file in a folder that there is")


def write_page(
    path: Path,
    evaluation: Evaluated,
    seed: int,
    model: str | None = None,
    best: str = "qed",
    command: str = "",
) -> None:
    """The page of evaluated files or models; of files with the codes that a `model` gives their items.

    `best`: the property the best molecules are drawn by. DataError as `page` and `Model.load`.
    """
    if evaluation.models:
        sets = [
            _of_model(name, one, measurement, seed)
            for name, one, measurement in zip(
                short(evaluation.names), evaluation.models, evaluation.sets, strict=True
            )
        ]
    else:
        reader = None if model is None else _reader(model, evaluation.task)
        sets = [
            _of_file(name, numbers, measurement, reader, seed)
            for name, numbers, measurement in zip(
                short(evaluation.names), evaluation.numbers, evaluation.sets, strict=True
            )
        ]
    reference = page_reference(evaluation, max(len(one.items) for one in sets))
    facts = provenance(evaluation.names, seed, command)
    write_bytes(path, page(sets, evaluation.task, reference, facts, best).encode())


def _reader(name: str, task: Task) -> Model:
    """The model that gives items their codes. DataError where it reads those of another kind."""
    model = Model.load(name)
    if model.task != task.name:
        raise DataError(
            f"{option('model')} {name} reads {model.task}, the page shows {task.name}; name another model"
        )
    return model


def short(names: Sequence[str]) -> list[str]:
    """File names without their folders, where that tells them apart."""
    last = [Path(name).name for name in names]
    return last if len(set(last)) == len(last) else list(names)


def _of_file(
    name: str, numbers: dict[str, Any], measurement: Measurement, reader: Model | None, seed: int
) -> ItemSet:
    table = measurement.table
    return ItemSet(name, table, numbers, None if reader is None else map_of(reader, table, seed))


def _of_model(name: str, one: Assessed, measurement: Measurement, seed: int) -> ItemSet:
    """A model's samples under its own density, with all that was measured of it."""
    task, table = one.model.run.task, measurement.table
    codes = one.model.sample_codes(min(len(table), MAPPED), seed=seed)
    values = table[task.colour].to_numpy(float)[: len(codes)]
    place = codes_beside_data(one.model, codes, values, seed)
    numbers = {**measurement.numbers, **one.reported}
    return ItemSet(name, table, numbers, place, one.pictures, one.curves, one.lists)


def page_reference(evaluation: Evaluated, n: int) -> Reference | None:
    """What sets were compared with; of a data set also what n items of its training part score against it."""
    name, other, task = evaluation.how.reference, evaluation.reference, evaluation.task
    if name is None:
        return None
    table = task.reference_table(other)
    train = datasets.load(name).train[:n] if name in datasets.DATASETS else []
    if not len(train):
        return Reference(Path(name).name, table, len(other))
    own = task.measure(train, other, None, evaluation.how.fcd).numbers
    words = f"what {len(train):,} items of its training part score against its held-out part"
    return Reference(name, table, len(other), own, words)


def map_of(model: Model, table: pd.DataFrame, seed: int) -> LatentMap | None:
    """Where the items of a table lie in a model's latent space; None where it can read none of them."""
    rows = table[table["valid"].astype(bool)]
    rows = rows.iloc[subset(len(rows), MAPPED, seed)]
    codes, known, _ = model.encode_known(rows.iloc[:, 0].tolist())
    return codes_beside_data(model, codes, rows[model.run.task.colour].to_numpy(float)[known], seed)


def codes_beside_data(model: Model, codes: np.ndarray, values: np.ndarray, seed: int) -> LatentMap | None:
    """Codes beside those of the data the model's recipe names, where it is at hand."""
    task: Task = model.run.task
    if len(codes) < 2 or codes.shape[1] < 2:
        return None
    try:
        data = datasets.load(model.recipe.data.name, model.recipe.data.column)
    except DataError:
        return LatentMap(model.recipe.name, task.colour, codes, values)
    held = data.test or data.valid
    items = task.medium.pick(held, permutation(len(held), seed)[:MAPPED].tolist())
    there, known, _ = model.encode_known(items)
    colours = task.table(task.medium.pick(items, known))[task.colour].to_numpy(float)
    name = f"{len(known):,} of {data.name}, not trained on"
    return LatentMap(model.recipe.name, task.colour, codes, values, there, colours, name)


def provenance(names: Sequence[str], seed: int, command: str) -> dict[str, str]:
    """The command, what it read, and under which versions."""
    facts = {"command": command} if command else {}
    for name in names:
        path = folder.find(name) / "weights.safetensors" if folder.is_model(name) else Path(located(name)[0])
        if path.is_file():
            facts[f"SHA-256 of {name}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return facts | {
        "seed": str(seed),
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "grammar_rae": version("grammar-rae"),
        "RDKit": version("rdkit"),
        "NumPy": np.__version__,
        "Python": platform.python_version(),
    }
