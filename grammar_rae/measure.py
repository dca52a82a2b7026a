"""Measured numbers: of files, side by side, and of a trained model, which become its card."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from grammar_rae import datasets, protocols, runs
from grammar_rae.chance import permutation
from grammar_rae.codecs import GrammarCodec
from grammar_rae.errors import DataError
from grammar_rae.evaluators import TASKS, Task, measured, molecules, summary, task_for
from grammar_rae.evaluators.profile import Profile
from grammar_rae.evaluators.text import shares
from grammar_rae.files import kind as suffix
from grammar_rae.files import read
from grammar_rae.model import Model
from grammar_rae.origin import origin
from grammar_rae.progress import Report
from grammar_rae.samples import reconstruction, task_of

Numbers = dict[str, Any]
TRAINING_ITEMS = 5000
HELD_OUT_ITEMS = 10_000
REVISIONS = 64
MOLECULES = (".smi", ".sdf")  # files of nothing else
PER_SAMPLE = ("valid", "unique", "novel", "defined", "ten_heavy_atoms")


@dataclass(frozen=True)
class Evaluated:
    """Metrics of sets of strings, their rows where asked for, and what they were compared with."""

    task: Task
    tables: list[pd.DataFrame | None]
    numbers: list[Numbers]
    reference: Sequence[str] | Profile | None


def evaluate_files(
    files: Sequence[str],
    reference: str | None = None,
    train: str | None = None,
    task: str | Task | None = None,
    column: str | None = None,
    fcd: bool = False,
    rows: bool = True,
) -> Evaluated:
    """`evaluate` of every file, and its `table` where `rows`. DataError as `files.read`, or for files of two tasks.

    A named data set stands for its training part as `train`, for its validation and test parts as `reference`.
    """
    first = read(files[0], column)
    kind = _kind(task, files[0], first.values)
    compared, known = compared_with(reference, column, kind), strings(train, column)
    tables, numbers = [], []
    for place, file in enumerate(files):
        items = first if place == 0 else read(file, column)
        other = _kind(task, file, items.values).name
        if other != kind.name:
            raise DataError(f"{files[0]} holds {kind.name}, {file} {other}; say what they are with --task")
        found, scores = measured(items.values, kind, compared, known, fcd, rows)
        tables.append(found)
        numbers.append({**scores, "rejected": len(items.rejected)})
    return Evaluated(kind, tables, numbers, compared)


def _kind(task: str | Task | None, file: str, items: Sequence[str]) -> Task:
    """`task_for` the items of a file; of what is recognised as nothing, the suffix may say that it is molecules."""
    found = task_for(task, items)
    return (
        TASKS["molecules"]
        if task is None and found.name == "strings" and suffix(file) in MOLECULES
        else found
    )


def compared_with(name: str | None, column: str | None, task: Task) -> Sequence[str] | Profile | None:
    """A file's items, or those held out of a named data set; of molecules their profile."""
    found = strings(name, column, held_out=True)
    return molecules.reference(found) if found is not None and task.name == "molecules" else found


def measure_run(
    name: str,
    n: int,
    seed: int,
    report: Report,
    reconstruct: tuple[int, int] | None = None,
    prior: tuple[int, int] | None = None,
) -> Numbers:
    """Samples under every density and reconstructions, kept in a run folder's metrics.json and CARD.md.

    With (encodings, decodings) and (points, decodings) also `protocols.measured`.
    """
    model = Model.load(name)
    numbers = protocols.measured(model, reconstruct, prior, seed, report)
    numbers |= measure(model, n, seed, report)
    folder = runs.find(name)
    model.run.metrics |= numbers
    runs.replace(folder / "metrics.json", json.dumps(model.run.metrics, indent=2) + "\n")
    runs.replace(folder / "CARD.md", card(model, n, seed))
    return model.run.metrics


def measure(model: Model, n: int, seed: int, report: Report) -> Numbers:
    """Shares of n samples a density, then of reconstructions where the recipe's data is at hand.

    `completed_<density>`: derivations finished without step budget, as the papers' decoder works.
    `valid_by_syntax_<density>`: valid where valence is not enforced, what the model knows of chemistry itself.
    """
    task = task_of(model)
    numbers: Numbers = {}
    for density in model.densities:
        report(f"sampling {density}", 0.0)
        found = _shares(model, task, model.generate(n, density=density, seed=seed))
        numbers |= {f"{k}_{density}": found[k] for k in PER_SAMPLE if found.get(k) is not None}
        if isinstance(model.run.codec, GrammarCodec) and model.recipe.decoder.budget != "always":
            raw = model.generate(n, density=density, seed=seed, budget=False, raw=True)
            numbers[f"completed_{density}"] = float(np.mean([text != "" for text in raw]))
        if model.recipe.decoder.machine != "syntax":
            alone = model.generate(n, density=density, seed=seed, syntax_only=True)
            numbers[f"valid_by_syntax_{density}"] = shares(task.canonical(alone))["valid"]
    try:
        data = datasets.load(model.recipe.data.name)
    except DataError:
        return numbers
    parts = {
        "train": [data.train[i] for i in permutation(len(data.train), seed)[:TRAINING_ITEMS]],
        "valid": data.valid[:HELD_OUT_ITEMS],
        "test": data.test[:HELD_OUT_ITEMS],
    }
    for part, items in parts.items():
        if items:
            report(f"reconstructing {part}", 0.0)
            numbers[f"reconstructed_{part}"] = reconstruction(model, items)[1]["reconstructed"]
            drawn = reconstruction(model, items, temperature=1.0, seed=seed)
            numbers[f"reconstructed_{part}_sampled"] = drawn[1]["reconstructed"]
            revised = reconstruction(model, items, seed=seed, revisions=REVISIONS)
            numbers[f"reconstructed_{part}_revised"] = revised[1]["reconstructed"]
            numbers[f"reconstructed_{part}_items"] = len(items)
    return numbers


def _shares(model: Model, task: Task, strings: Sequence[str]) -> Numbers:
    """`PER_SAMPLE`; of molecules no property is computed but the one that is asked for."""
    if task.name != "molecules":
        return summary(task.table(strings), task, None, model.run.seen)
    forms = task.canonical(strings)
    atoms = molecules.properties(forms, ("heavy_atoms",))["heavy_atoms"].dropna()
    large = float((atoms >= molecules.TEN).mean()) if len(atoms) else None
    return shares(forms, model.run.seen) | {"ten_heavy_atoms": large}


def card(model: Model, n: int, seed: int) -> str:
    """What the model is and what was measured, with the command that measures it again."""
    recipe, metrics = model.recipe, model.run.metrics
    lines = [
        f"# {recipe.name}",
        "",
        recipe.about,
        "",
        origin(model, "items"),
        "",
        f"Measured by `grammar-rae evaluate {recipe.name} -n {n} --seed {seed}`; shares of {n:,} samples a density, "
        "and of reconstructions: the likeliest string, one drawn at temperature 1, and the likeliest revised up to "
        f"{REVISIONS} times (`decode --revisions`).",
        "",
    ]
    head = [
        key
        for key in (*PER_SAMPLE, "completed", "valid_by_syntax")
        if f"{key}_{recipe.density.default}" in metrics
    ]
    lines += [
        "| density | " + " | ".join(k.replace("_", " ") for k in head) + " |",
        "|---" * (len(head) + 1) + "|",
    ]
    for density in model.densities:
        lines.append(_row([density], [metrics.get(f"{key}_{density}") for key in head]))
    rows = [part for part in ("train", "valid", "test") if f"reconstructed_{part}" in metrics]
    if rows:
        lines += ["", "| items | number | reconstructed | drawn | revised |", "|---|---|---|---|---|"]
    for part in rows:
        found = [metrics.get(f"reconstructed_{part}{how}") for how in ("", "_sampled", "_revised")]
        lines.append(_row([part, f"{metrics[f'reconstructed_{part}_items']:,}"], found))
    meaning = {
        "completed": "`completed`: finished without a step budget, the papers' decoder.",
        "defined": "`defined`: a value at x = 0, the official validity of character models.",
        "valid_by_syntax": "`valid by syntax`: with valence not enforced.",
        "novel": "`novel`: distinct and not among the training strings.",
    }
    lines += ["", *protocols.card(model, metrics)]
    lines += [*(text for key, text in meaning.items() if key in head), ""]
    return "\n".join(lines)


def _row(heads: Sequence[str], shares: Sequence[float | None]) -> str:
    return "| " + " | ".join([*heads, *("–" if c is None else f"{100 * c:.2f} %" for c in shares)]) + " |"


def strings(name: str | None, column: str | None, held_out: bool = False) -> list[str] | None:
    """A named data set's training part or what was held out of it, or all of a file."""
    if name is None:
        return None
    if name not in datasets.DATASETS:
        return datasets.from_file(name, column).values
    data = datasets.load(name)
    found = data.valid + data.test if held_out else data.train
    if not found:
        raise DataError(f"{name} has nothing {'held out' if held_out else 'to train on'}; name a file")
    return found
