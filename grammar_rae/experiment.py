"""From a recipe to a run folder: resolve, train, fit densities, measure, write."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray

from grammar_rae import datasets, runs
from grammar_rae.assembly import make_autoencoder, make_codec, make_objective, shortest
from grammar_rae.catalogue import PREPARATIONS, look_up
from grammar_rae.codecs import Codec
from grammar_rae.counting import counts
from grammar_rae.errors import DataError, RecipeError
from grammar_rae.evaluators.seen import hashes
from grammar_rae.grammar import Grammar
from grammar_rae.model import Model
from grammar_rae.parsing import derivations
from grammar_rae.recipe import Recipe
from grammar_rae.recipes import find as find_recipe
from grammar_rae.runs import Run
from grammar_rae.training import Data, Settings, fit

UNIFORM = 20_000
Report = Callable[[str, float], None]


def train(
    recipe: str | Path | Recipe,
    *,
    data: str | Path | Sequence[str] | None = None,
    grammar: str | Path | None = None,
    out: str | Path | None = None,
    from_: str | Path | None = None,
    overrides: tuple[str, ...] = (),
    resume: bool = False,
    device: str = "cpu",
    devices: int = 1,
    report: Callable[[str, float], None] | None = None,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> Model:
    """Train a recipe (its name, file or value) and return the model; `out` is the run folder, if any.

    `data`, `grammar` and `overrides` («training.epochs=3») replace what the recipe says; `from_` starts from
    a trained model's weights; `resume` goes on from the checkpoint in `out`. `report(what, share)` hears of
    progress. RecipeError, GrammarError or DataError says what does not fit.
    """
    say = report or (lambda what, share: None)
    folder = None if out is None else Path(out)
    if resume and folder is None:
        raise DataError("--resume needs --out, the run folder to go on with")
    fabric = Fabric(
        accelerator="cuda" if device.startswith("cuda") else "cpu",
        devices=devices,
        strategy="ddp" if devices > 1 else "auto",
        precision=(recipe if isinstance(recipe, Recipe) else find_recipe(recipe, overrides)).training.precision,
    )
    fabric.launch()
    say("reading data", 0.0)
    run, rows, texts = prepare(recipe, data, grammar, overrides)
    if from_ is not None:
        runs.fill(run.autoencoder, runs.find(from_) / "weights.safetensors", None)
    if folder is not None and fabric.is_global_zero:
        runs.save_start(folder, run.recipe, run.grammar)
    settings = settings_of(run.recipe)

    def step(done: int, steps: int, loss: float) -> None:
        say(f"epoch {epoch}/{settings.epochs}  loss {loss:.4f}", (epoch - 1 + done / steps) / settings.epochs)

    epoch, history = 1, []
    objective = make_objective(run.recipe, run.autoencoder)
    for record in fit(objective, rows, settings, fabric, folder, resume, step):
        epoch = int(record["epoch"]) + 1
        history.append(record)
        if on_epoch is not None:
            on_epoch(record)
    if fabric.is_global_zero:
        finish(run, rows, texts, folder, say)
    return Model(run)


def prepare(
    recipe: str | Path | Recipe,
    data: str | Path | Sequence[str] | None,
    grammar: str | Path | None,
    overrides: tuple[str, ...],
) -> tuple[Run, Data, list[str]]:
    """The run with fresh weights, its integer rows, and the training strings."""
    raw = recipe if isinstance(recipe, Recipe) else find_recipe(recipe, overrides)
    if grammar is not None:
        raw = raw.model_copy(update={"codec": raw.codec.model_copy(update={"grammar": str(grammar)})})
    rules = None if raw.codec.grammar == "none" else Grammar.read(raw.codec.grammar)
    dataset = _dataset(raw, rules, data)
    train, valid = _prepared(raw, dataset.train[: raw.data.limit]), _prepared(raw, dataset.valid[: raw.training.valid_examples])
    if not train or not valid:
        raise DataError(f"{dataset.name}: {len(train)} items to train on and {len(valid)} to validate; too few")
    resolved = _resolve(raw, dataset.name, dataset.task, train, rules)
    codec = make_codec(resolved, rules)
    x, known, rejected = codec.encode_known(train)
    v, known_valid, rejected_valid = codec.encode_known(valid)
    if len(rejected) + len(rejected_valid) > 0.5 * (len(train) + len(valid)):
        raise DataError(f"{dataset.name}: most items cannot be written; the first: {rejected[0][1]}")
    if not len(x) or not len(v):
        raise DataError(f"{dataset.name}: nothing is left to train on or to validate with")
    with torch.random.fork_rng():
        torch.manual_seed(resolved.training.seed)
        autoencoder = make_autoencoder(resolved, codec)
    texts = [train[i] for i in known]
    coverage = {"train_items": len(x), "valid_items": len(v), "not_covered": len(rejected) + len(rejected_valid)}
    pad = codec.pad if resolved.decoder.net == "recurrent" else None
    rows = Data(torch.as_tensor(x), torch.as_tensor(v), pad)
    return Run(resolved, rules, codec, autoencoder, metrics=coverage), rows, texts


def settings_of(recipe: Recipe) -> Settings:
    """The training loop's settings."""
    return Settings(**recipe.training.model_dump(exclude={"precision", "half_weights", "valid_examples"}))


def finish(run: Run, rows: Data, texts: list[str], folder: Path | None, say: Report) -> None:
    """Round the weights as they will be stored, fit the densities, hash the training strings, write."""
    if run.recipe.training.half_weights:
        with torch.no_grad():
            for tensor in run.autoencoder.state_dict().values():
                if tensor.is_floating_point():
                    tensor.copy_(tensor.half().float())
    model = Model(run)
    say("encoding", 0.0)
    z = model.codes(rows.train.numpy())
    part = run.recipe.density
    for name, settings in {"gaussian": {}, "box": {}, "gmm": {"components": part.components}}.items():
        say(f"fitting {name}", 0.0)
        if name != "gmm" or len(z) >= part.components:
            model.fit_density(name, z, run.recipe.training.seed, **settings)
    run.seen = hashes([text for text in model.same(texts) if text is not None])
    if folder is not None:
        runs.save(folder, run)


def write_history(folder: Path, history: Sequence[dict[str, float]]) -> None:
    """history.csv: one row an epoch."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]))
    writer.writeheader()
    writer.writerows(history)
    runs.replace(folder / "history.csv", text.getvalue())


def _dataset(recipe: Recipe, grammar: Grammar | None, data: Any) -> datasets.Dataset:
    name = data if data is not None else recipe.data.name
    if name != "uniform":
        return datasets.load(name, recipe.data.column)
    if grammar is None:
        raise RecipeError(f"{recipe.name}: uniform data is drawn from a grammar; name one with --grammar FILE")
    steps = recipe.codec.steps if isinstance(recipe.codec.steps, int) else _uniform_steps(grammar)
    drawn = datasets.uniform(grammar, UNIFORM, steps, recipe.training.seed)
    items = list(dict.fromkeys(drawn))
    train, valid, _ = datasets.shuffled(items, test=0.0)
    return datasets.Dataset(f"uniform:{grammar.name}", train, valid, [], "strings")


def _uniform_steps(grammar: Grammar) -> int:
    """The least budget with many times more derivations than we draw, or 60 steps if none has."""
    least = int(grammar.tables.need[grammar.start])
    for steps in range(least, max(60, least) + 1):
        if sum(counts(grammar, steps)) >= 50 * UNIFORM:
            return steps
    return max(60, least)


def _prepared(recipe: Recipe, items: Sequence[str]) -> list[str]:
    spelled = look_up(PREPARATIONS, recipe.data.prepare, "preparation")(list(items))
    return [text for text in spelled if text is not None]


def _resolve(recipe: Recipe, name: str, task: str, train: list[str], grammar: Grammar | None) -> Recipe:
    """Every «auto» replaced by what the training items ask for."""
    codec = recipe.codec
    alphabet = codec.alphabet
    if codec.kind == "character" and alphabet == "auto":
        alphabet = "".join(sorted(set("".join(train)) - {" "})) + " "
    steps = codec.steps
    if steps == "auto":
        longest = max(map(len, train))
        if codec.kind == "grammar":
            if grammar is None:
                raise RecipeError(f"{recipe.name}: a grammar codec needs codec.grammar, or --grammar FILE")
            x, _ = derivations(grammar, train, errors="return")
            longest = x.shape[1]
        steps = max(longest + codec.slack, shortest(recipe))
    return recipe.model_copy(
        update={
            "task": task if recipe.task == "auto" else recipe.task,
            "data": recipe.data.model_copy(update={"name": name}),
            "codec": codec.model_copy(update={"alphabet": alphabet, "steps": steps}),
        }
    )
