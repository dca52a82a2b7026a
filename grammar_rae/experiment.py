"""From a recipe to a run folder: resolve, train, fit densities, measure, write."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from grammar_rae import datasets, runs
from grammar_rae.assembly import make_autoencoder, make_bonds, make_codec, make_objective, shortest
from grammar_rae.catalogue import PREPARATIONS, look_up
from grammar_rae.counting import counts
from grammar_rae.encoded import encoded
from grammar_rae.errors import DataError, RecipeError
from grammar_rae.evaluators.seen import hashes
from grammar_rae.files import Reject, read, write_rejects
from grammar_rae.grammar import Grammar
from grammar_rae.model import Model
from grammar_rae.parsing import derivations
from grammar_rae.recipe import Recipe
from grammar_rae.recipes import find as find_recipe
from grammar_rae.runs import Run
from grammar_rae.training import Data, Settings, fit

UNIFORM = 10_000
Report = Callable[[str, float], None]


@dataclass(frozen=True)
class Prepared:
    """A run with fresh weights, its integer rows, the training strings, and the items left out."""

    run: Run
    rows: Data
    texts: list[str]
    rejected: list[Reject]


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
        precision=(
            recipe if isinstance(recipe, Recipe) else find_recipe(recipe, overrides)
        ).training.precision,
    )
    fabric.launch()
    say("reading data", 0.0)
    prepared = prepare(recipe, data, grammar, overrides)
    run, rows = prepared.run, prepared.rows
    if from_ is not None:
        runs.fill(run.autoencoder, runs.find(from_) / "weights.safetensors", None)
    if folder is not None and fabric.is_global_zero:
        runs.save_start(folder, run.recipe, run.grammar)
        if prepared.rejected:
            say(f"{len(prepared.rejected):,} items left out, see {folder / 'rejects.csv'}", 0.0)
            write_rejects(folder / "rejects.csv", prepared.rejected)
    settings = settings_of(run.recipe)

    def step(done: int, steps: int, loss: float) -> None:
        say(f"epoch {epoch}/{settings.epochs}  loss {loss:.4f}", (epoch - 1 + done / steps) / settings.epochs)

    epoch, records = 1, []
    objective = make_objective(run.recipe, run.autoencoder)
    writer = _tensorboard(folder) if fabric.is_global_zero else None
    for record in fit(objective, rows, settings, fabric, folder, resume, step):
        epoch = int(record["epoch"]) + 1
        records.append(record)
        if writer is not None:
            for name, value in record.items():
                writer.add_scalar(name, value, epoch - 1)
        if on_epoch is not None:
            on_epoch(record)
    if fabric.is_global_zero:
        records = records if folder is None else runs.read_history(folder)
        run.metrics |= {
            "epochs": int(records[-1]["epoch"]),
            "best_valid_loss": min(record["valid_loss"] for record in records),
        }
        finish(run, rows, prepared.texts, folder, say)
    return Model(run, device)


def add_density(
    name: str | Path, kind: str, data: str | None, seed: int, settings: dict[str, Any], report: Report
) -> dict[str, Any]:
    """Fit a density on the codes of a trained run's data and store it in the run folder.

    Returns the mean log-density (nats) of those codes. Errors as those of `train`; DataError where `name` is no
    run folder.
    """
    folder = runs.find(name)
    model = Model(runs.load(folder))
    recipe = model.recipe
    train = _dataset(recipe, model.run.grammar, data).train[: recipe.data.limit]
    report("encoding", 0.5)
    z, _, _ = model.encode_known(train)
    density = model.fit_density(kind, z, seed, **settings)
    runs.save_density(folder, kind, density, runs.identity_of(recipe, model.run.grammar))
    with torch.no_grad():
        mean = density().log_prob(torch.as_tensor(z)).mean().item()
    return {"codes": len(z), "log_density": mean}


def prepare(
    recipe: str | Path | Recipe,
    data: str | Path | Sequence[str] | None,
    grammar: str | Path | None,
    overrides: tuple[str, ...],
) -> Prepared:
    """Everything resolved and encoded. RecipeError, GrammarError or DataError says what does not fit."""
    raw = recipe if isinstance(recipe, Recipe) else find_recipe(recipe, overrides)
    if grammar is not None:
        raw = raw.model_copy(update={"codec": raw.codec.model_copy(update={"grammar": str(grammar)})})
    rules = None if raw.codec.grammar == "none" else Grammar.read(raw.codec.grammar)
    dataset = _dataset(raw, rules, data)
    parts = dataset.train[: raw.data.limit], dataset.valid[: raw.training.valid_examples]
    spelled = [_prepared(raw, part) for part in parts]
    if not all(any(text is not None for text in part) for part in spelled):
        raise DataError(
            f"{dataset.name}: nothing to train on or to validate with; the items are no {dataset.task}"
        )
    train = [text for text in spelled[0] if text is not None]
    resolved = _resolve(raw, dataset.name, dataset.task, train, rules)
    codec = make_codec(resolved, rules)
    rejected, lines = list(dataset.rejected), _lines(raw, data)
    arrays, texts = [], []
    for items, forms in zip(parts, spelled, strict=True):
        readable = [i for i, form in enumerate(forms) if form is not None]
        rejected += [
            Reject(lines.get(items[i], 0), items[i], "not a molecule")
            for i, form in enumerate(forms)
            if form is None
        ]
        x, known, failed = encoded(codec, [str(forms[i]) for i in readable])
        rejected += [
            Reject(lines.get(items[readable[i]], 0), items[readable[i]], str(error)) for i, error in failed
        ]
        arrays.append(torch.as_tensor(x))
        texts.append([str(forms[readable[i]]) for i in known])
    if not len(arrays[0]) or not len(arrays[1]):
        raise DataError(f"{dataset.name}: none of its items can be written; the first: {rejected[0][-1]}")
    with torch.random.fork_rng():
        torch.manual_seed(resolved.training.seed)
        bonds = make_bonds(resolved, codec)
        autoencoder = make_autoencoder(resolved, codec, bonds)
    coverage = {"train_items": len(arrays[0]), "valid_items": len(arrays[1]), "not_covered": len(rejected)}
    pad = codec.pad if resolved.decoder.net == "recurrent" else None
    run = Run(resolved, rules, codec, autoencoder, bonds, metrics=coverage)
    return Prepared(run, Data(arrays[0], arrays[1], pad), texts[0], rejected)


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
        shutil.rmtree(folder / "checkpoint", ignore_errors=True)


def _tensorboard(folder: Path | None) -> Any:
    """A writer of scalars into the run folder where TensorBoard is installed, else None."""
    if folder is None or importlib.util.find_spec("tensorboard") is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder / "tensorboard"))


def _dataset(recipe: Recipe, grammar: Grammar | None, data: Any) -> datasets.Dataset:
    name = data if data is not None else recipe.data.name
    if name != "uniform":
        return datasets.load(name, recipe.data.column)
    if grammar is None:
        raise RecipeError(
            f"{recipe.name}: uniform data is drawn from a grammar; name one with --grammar FILE"
        )
    steps = recipe.codec.steps if isinstance(recipe.codec.steps, int) else _uniform_steps(grammar)
    drawn = datasets.uniform(grammar, UNIFORM, steps, recipe.training.seed)
    items = list(dict.fromkeys(drawn))
    train, valid, _ = datasets.shuffled(items, test=0.0)
    return datasets.Dataset(f"uniform:{grammar.name}", train, valid, [], "strings")


def _lines(recipe: Recipe, data: Any) -> dict[str, int]:
    """Item → line where the data is a file; a data set of a name has no lines to speak of."""
    name = data if data is not None else recipe.data.name
    if not isinstance(name, str | Path) or not Path(name).is_file():
        return {}
    items = read(name, recipe.data.column)
    return dict(zip(items.values, items.lines, strict=True))


def _uniform_steps(grammar: Grammar) -> int:
    """The least budget with many times more derivations than we draw, or 60 steps if none has."""
    least = int(grammar.tables.need[grammar.start])
    for steps in range(least, max(60, least) + 1):
        if sum(counts(grammar, steps)) >= 50 * UNIFORM:
            return steps
    return max(60, least)


def _prepared(recipe: Recipe, items: Sequence[str]) -> list[str | None]:
    spelled: list[str | None] = look_up(PREPARATIONS, recipe.data.prepare, "preparation")(list(items))
    return spelled


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
