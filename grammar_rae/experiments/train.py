"""From a recipe to a run folder: train, fit densities, write."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from grammar_rae.autoencoders.objective import Objective
from grammar_rae.autoencoders.variant import once
from grammar_rae.densities.fitting import check
from grammar_rae.errors import DataError, option
from grammar_rae.evaluation.novelty import hashes
from grammar_rae.experiments.density import stated, timed
from grammar_rae.experiments.prepare import Prepared, prepare
from grammar_rae.files.tables import write_rejects
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.limits.ranges import within
from grammar_rae.model.device import device_of, emulates
from grammar_rae.model.model import Model
from grammar_rae.progress import Report, silent
from grammar_rae.recipes import find as find_recipe
from grammar_rae.recipes.build import find_variant, make_objective
from grammar_rae.recipes.parts import complete
from grammar_rae.recipes.schema import Recipe
from grammar_rae.runs import folder as runs
from grammar_rae.runs import weights
from grammar_rae.runs.folder import Run
from grammar_rae.runs.succession import WEIGHTS, clear, current, making
from grammar_rae.training.batches import Data
from grammar_rae.training.checkpoint import checkpoint_of, load_history, remove_checkpoint, save_history
from grammar_rae.training.loop import fit


def train(
    recipe: str | Path | Recipe,
    *,
    data: Any = None,
    column: str | None = None,
    grammar: str | Path | Grammar | None = None,
    out: str | Path | None = None,
    from_: str | Path | None = None,
    overrides: tuple[str, ...] = (),
    resume: bool = False,
    device: str = "cpu",
    devices: int = 1,
    report: Report = silent,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> Model:
    """Train a recipe (its name, file or value) and return the model; `out` is the run folder, if any.

    `data` (a data set's name, a file, of a table its `column`, a list of strings or a table), `grammar` and `overrides`
    («training.epochs=3») replace what the recipe says; `from_` starts from a trained model's weights. `resume` goes on
    from the checkpoint in `out`, leaves a finished run as it is, and begins anew where there is neither; without it a
    finished run that `out` holds is replaced, once the new one is complete. `report(what, share)` hears of progress.
    RecipeError, GrammarError or DataError says what does not fit, or who else is at work in `out`.
    """
    within(devices=devices)
    place = device_of(device, devices)
    folder = None if out is None else Path(out)
    if resume and folder is None:
        raise DataError(f"{option('resume')} needs {option('out')}, the run folder to go on with")
    raw = complete(recipe) if isinstance(recipe, Recipe) else find_recipe(recipe, overrides)
    if column is not None:
        raw = raw.model_copy(update={"data": raw.data.model_copy(update={"column": column})})
    if emulates(raw.training.precision, place):
        warnings.warn(
            f"training.precision {raw.training.precision}: this processor has no bfloat16 arithmetic (AVX512-BF16 or "
            "AMX) and only imitates it; 32-true is faster here",
            stacklevel=2,
        )
    fabric = Fabric(
        accelerator=place.type,
        devices=devices if place.index is None or devices > 1 else [place.index],
        strategy=_strategy(raw) if devices > 1 else "auto",
        precision=raw.training.precision,
    )
    fabric.launch()
    with making(folder, resume) if folder is not None and fabric.is_global_zero else nullcontext() as made:
        work = fabric.broadcast(made)
        report("reading data", 0.0)
        prepared = prepare(raw, data, grammar)
        if raw.density.default != "prior" or raw.density.settings:
            check(raw.density.default, raw.density.settings)
        if folder is not None and work is None:
            return Model(_finished(folder, prepared.run.recipe), place)
        if from_ is not None:
            _warm_start(prepared.run, from_, report)
        objective = make_objective(prepared.run.recipe, prepared.run.autoencoder)
        if work != folder and fabric.is_global_zero:
            warnings.warn(f"{folder}: the model there stays until the new one is complete", stacklevel=2)
        _train(objective, prepared, fabric, work, resume, report, on_epoch)
        return Model(prepared.run, place)


def _strategy(recipe: Recipe) -> str:
    """How processes share their gradients: where a batch takes several steps, not every weight has one in each."""
    return "ddp" if find_variant(recipe).phases is once else "ddp_find_unused_parameters_true"


def _warm_start(run: Run, from_: str | Path, report: Report) -> None:
    """Another run's weights to train on from, and its ancestry."""
    folder = current(runs.find(from_))
    anew = weights.warm_start(run.autoencoder, folder / WEIGHTS)
    if anew:
        report(f"not in {from_}, so starting anew: {', '.join(anew)}", 0.0)
    run.metrics |= runs.ancestry(folder)


def _finished(folder: Path, recipe: Recipe) -> Run:
    """The run of a folder where nothing is left to do. DataError where it is another recipe's."""
    run = runs.load(folder)
    if run.recipe != recipe:
        raise DataError(
            f"{folder} holds the finished run of another recipe; train without {option('resume')} to replace it, or "
            "name another folder"
        )
    remove_checkpoint(folder)
    warnings.warn(f"{folder}: this run is finished, nothing was left to train", stacklevel=3)
    return run


def _begin(folder: Path, prepared: Prepared, resume: bool, report: Report) -> None:
    """What was made of an unfinished run makes room for a new one, which is described before it is trained."""
    if not resume or not checkpoint_of(folder).is_file():
        clear(folder)
    _describe(folder, prepared)
    if prepared.rejected:
        report(f"{len(prepared.rejected):,} items left out, see {folder / 'rejects.csv'}", 0.0)


def _describe(folder: Path, prepared: Prepared) -> None:
    """The resolved recipe, the grammar, and what was left out of the data."""
    runs.save_start(folder, prepared.run.recipe, prepared.run.grammar)
    if prepared.rejected:
        write_rejects(folder / "rejects.csv", prepared.rejected)


def _train(
    objective: Objective,
    prepared: Prepared,
    fabric: Fabric,
    folder: Path | None,
    resume: bool,
    report: Report,
    on_epoch: Callable[[dict[str, float]], None] | None,
) -> None:
    """From a run with fresh weights to one that is finished, in memory and in the folder where it is made."""
    if folder is not None and fabric.is_global_zero:
        _begin(folder, prepared, resume, report)
    records = load_history(folder) if resume and folder is not None else []
    records += _trained(objective, prepared, fabric, folder, resume, report, on_epoch)
    if not fabric.is_global_zero:
        return
    prepared.run.metrics |= {
        "epochs": int(records[-1]["epoch"]),
        "best_epoch": max(int(r["epoch"]) for r in records if r["valid_loss"] == records[-1]["best"]),
        "best_valid_loss": records[-1]["best"],
    }
    if folder is not None:  # all of it, for somebody may have removed the folder meanwhile
        _describe(folder, prepared)
        save_history(folder, records)
    finish(prepared.run, prepared.rows, prepared.texts, folder, report)


def _trained(
    objective: Objective,
    prepared: Prepared,
    fabric: Fabric,
    folder: Path | None,
    resume: bool,
    report: Report,
    on_epoch: Callable[[dict[str, float]], None] | None,
) -> list[dict[str, float]]:
    """Train a prepared run in place: the records of its epochs."""
    recipe, epochs = prepared.run.recipe, prepared.run.recipe.training.epochs
    records: list[dict[str, float]] = []

    def report_step(done: int, steps: int, loss: float) -> None:
        """Where the run is: the epoch, and the share of all epochs done."""
        epoch = int(records[-1]["epoch"]) + 1 if records else 1
        report(f"epoch {epoch}/{epochs}  loss {loss:.4f}", (epoch - 1 + done / steps) / epochs)

    training = fit(
        objective,
        prepared.rows,
        recipe.training,
        fabric,
        folder,
        resume,
        report_step,
        objective.begin,
        objective.phases,
        objective.settling,
    )
    with _tensorboard(folder if fabric.is_global_zero else None) as writer:
        for record in training:
            records.append(record)
            if writer is not None:
                for name, value in record.items():
                    writer.add_scalar(name, value, int(record["epoch"]))
            if on_epoch is not None:
                on_epoch(record)
    return records


def finish(run: Run, rows: Data, texts: list[str], folder: Path | None, report: Report) -> None:
    """Round the weights as they will be stored, fit the densities, hash the training strings, write."""
    round_weights(run)
    model: Model[Any] = Model(run)
    report("encoding", 0.0)
    seed = run.recipe.training.seed
    codes = cache(lambda which: model.codes(rows.train.numpy(), seed if which == "samples" else None))
    kinds = dict.fromkeys([run.recipe.density.default, "gaussian", "box", "gmm"])  # each once, in this order
    kinds.pop("prior", None)
    for kind in kinds:
        report(f"fitting {kind}", 0.0)
        settings, which = stated(run.recipe, kind)
        try:
            timed(model, kind, codes(which), seed, kind, report, settings)
        except DataError as error:
            warnings.warn(f"no {kind} density: {error}", stacklevel=2)
    if texts:
        run.seen = hashes([text for text in model.same(texts) if text is not None])
    if folder is not None:
        runs.save(folder, run)
        remove_checkpoint(folder)


def round_weights(run: Run) -> None:
    """The weights as they will be read again. DataError where one is too large for that."""
    if run.recipe.training.half_weights:
        with torch.no_grad():
            for name, tensor in run.autoencoder.state_dict().items():
                if tensor.is_floating_point():
                    tensor.copy_(tensor.half().float())
                    if not tensor.isfinite().all():
                        raise DataError(
                            f"{name} is too large for 16 bits; train with training.half_weights=false"
                        )


def _tensorboard(folder: Path | None) -> AbstractContextManager[Any]:
    """A writer of scalars into a run where TensorBoard is installed, else None."""
    if folder is None or importlib.util.find_spec("tensorboard") is None:
        return nullcontext()
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder / "tensorboard"))
