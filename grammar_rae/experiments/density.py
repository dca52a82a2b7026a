"""Ex-post densities of a trained run: fitted on the codes of its training data, stored beside it, compared."""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from grammar_rae import datasets
from grammar_rae.catalogue import DENSITIES, look_up
from grammar_rae.chance import subset
from grammar_rae.densities.density import Density
from grammar_rae.densities.fitting import check, named
from grammar_rae.distributions.interfaces import Latent
from grammar_rae.errors import DataError, RecipeError, option
from grammar_rae.experiments.prepare import dataset_of
from grammar_rae.files.atomic import new_folder
from grammar_rae.model.device import device_of
from grammar_rae.model.model import Model
from grammar_rae.progress import Report, silent
from grammar_rae.recipes.schema import Recipe
from grammar_rae.runs import folder as runs
from grammar_rae.runs import weights
from grammar_rae.runs.shipped import is_shipped
from grammar_rae.runs.succession import at_work

JUDGED = 2000  # training and held-out items whose codes a comparison takes the log-density of


@dataclass(frozen=True)
class DensityRequest:
    """What to fit, on which codes (the recipe's where None), and what to call it (its kind where None)."""

    kind: str
    settings: dict[str, Any]
    name: str | None = None
    codes: str | None = None
    seed: int = 0


def add_density(
    run: str | Path,
    request: DensityRequest,
    data: str | None = None,
    out: Path | None = None,
    device: str = "cpu",
    report: Report = silent,
    column: str | None = None,
) -> dict[str, Any]:
    """Fit a density on the codes of a run's training data (or those of `data`) and store it in the run folder.

    With `out` a copy of the run is written there and the run itself is left alone: what a shipped model or a
    folder without the right to write needs. Returns its row of `compare` and the number of codes.
    RecipeError or DataError before anything is fitted where it could not be kept.
    """
    place = device_of(device)
    folder = runs.find(run)
    name = named(request.kind if request.name is None else request.name, request.kind)
    check(request.kind, request.settings)
    if request.codes not in (None, "means", "samples"):
        raise RecipeError(f"codes {request.codes}; expected means or samples")
    _writable(folder, out)
    with at_work(folder) if out is None else new_folder(out) as fresh:
        model: Model[Any] = Model(runs.load(folder), place)
        if fresh is not None:
            runs.copy(folder, fresh)
        which = request.codes or codes_for(model.recipe, request.kind, request.settings)
        train, held_out = _items(model, data, column)
        report("encoding", 0.0)
        z, _, rejected = model.encode_known(train, request.seed if which == "samples" else None)
        if not len(z):
            raise DataError(f"{run} can read none of the {len(train)} items; the first: {rejected[0][1]}")
        report(f"fitting {name}", 0.0)
        density = timed(model, request.kind, z, request.seed, name, report, request.settings)
        _keep(fresh or folder, name, model)
    constant = int((z == z[0]).all(0).sum())
    row = _row(model, name, density, _judged(model, train), _judged(model, held_out), report)
    return {"codes": len(z), "fitted_on": which, "constant_dimensions": constant, **row}


def _keep(folder: Path, name: str, model: Model) -> None:
    """Store a density of a model in its run folder."""
    identity = weights.identity_of(model.recipe, model.run.grammar)
    runs.save_density(folder, name, model.run.densities[name], identity)
    runs.replace(folder / "metrics.json", json.dumps(model.run.metrics, indent=2) + "\n")


def codes_for(recipe: Recipe, kind: str, settings: dict[str, Any]) -> str:
    """What a density is fitted on: what it asks for, or else what the recipe says."""
    _, _, *asks = look_up(DENSITIES, kind, "density")
    of_density = asks[0](**settings) if asks else None
    return of_density or recipe.density.codes


def stated(recipe: Recipe, kind: str) -> tuple[dict[str, Any], str]:
    """The settings with which a recipe fits a density of a kind, and the codes: means or samples."""
    part = recipe.density
    settings: dict[str, Any] = {"components": part.components} if kind == "gmm" else {}
    settings |= part.settings if kind == part.default else {}
    return settings, codes_for(recipe, kind, settings)


def timed(
    model: Model,
    kind: str,
    z: NDArray[np.floating],
    seed: int,
    name: str,
    report: Report,
    settings: dict[str, Any],
) -> Density:
    """`Model.fit_density`, its seconds kept in the run's metrics."""
    begun = time.perf_counter()
    density = model.fit_density(kind, z, seed, name=name, report=report, **settings)
    model.run.metrics[f"fit_seconds_{name}"] = round(time.perf_counter() - begun, 2)
    return density


def compare(
    run: str | Path,
    data: str | None = None,
    device: str = "cpu",
    report: Report = silent,
    column: str | None = None,
) -> pd.DataFrame:
    """Every density of a run, best first: mean log-density (nats a code, more is better) of codes it was fitted on
    and of held-out ones.

    Posterior means of at most 2,000 training and 2,000 validation items, a seeded choice; the latter chose the weights
    of the autoencoder, of no density. `bound` says whether the numbers are exact or a lower bound («lower»); NaN
    where the run has no held-out items, minus infinity where a box leaves one of them out. `error` is the standard
    error of the held-out mean, `seconds` what fitting took where it was done, NaN where nobody recorded it.
    """
    model: Model[Any] = Model.load(run, device)
    report("encoding", 0.0)
    sides = _items(model, data, column)
    parts = [_judged(model, items) for items in sides]
    if not any(map(len, parts)):
        _, _, rejected = model.encode_known([item for items in sides for item in items[:1]])
        reason = rejected[0][1] if rejected else "there are none"
        raise DataError(f"{run} can read none of the {sum(map(len, sides)):,} items; the first: {reason}")
    rows = [_row(model, name, model.density(name), parts[0], parts[1], report) for name in model.densities]
    table = pd.DataFrame(rows).set_index("density")
    return table.sort_values("held_out_nats", ascending=False, kind="stable")


def _items(model: Model, data: str | None, column: str | None) -> tuple[Sequence[Any], Sequence[Any]]:
    """Training and validation items: the run's own, or those of `data`."""
    if column is not None and data is None:
        raise DataError(f"{option('column')} {column}: it is a column of data, which is not given")
    datasets.check_column(data, column)
    dataset = dataset_of(model.recipe, model.run.grammar, data, column)
    return dataset.train[: model.recipe.data.limit], dataset.valid


def _judged(model: Model, items: Sequence[Any]) -> Tensor:
    """(n, latent) codes of a seeded choice of the items that can be written; one warning counts the others of it."""
    chosen = [items[i] for i in subset(len(items), JUDGED, seed=0)]
    z, _, rejected = model.encode_known(chosen)
    if rejected and len(z):
        count = f"{len(rejected):,} of {len(chosen):,} items"
        warnings.warn(
            f"{count} cannot be read by {model.recipe.name} and are left out; the first: {rejected[0][1]}",
            stacklevel=3,
        )
    return torch.as_tensor(z).to(model.device)


def _row(
    model: Model, name: str, density: Callable[[], Latent], train: Tensor, held_out: Tensor, report: Report
) -> dict[str, Any]:
    report(f"judging {name}", 0.0)
    with torch.no_grad():
        of_train, of_held_out = (
            density().log_prob(z).double() if len(z) else None for z in (train, held_out)
        )
    error = None if of_held_out is None else of_held_out.std().item() / max(1, len(of_held_out)) ** 0.5
    return {
        "density": name,
        "kind": model.run.densities[name].kind if name in model.run.densities else "prior",
        "held_out_nats": np.nan if of_held_out is None else of_held_out.mean().item(),
        "error": np.nan if error is None else error,
        "train_nats": np.nan if of_train is None else of_train.mean().item(),
        "bound": "exact" if density().exact else "lower",
        "seconds": model.run.metrics.get(f"fit_seconds_{name}", np.nan),
    }


def _writable(folder: Path, out: Path | None) -> None:
    keeps = f"{option('out')} DIR keeps a copy"
    if out is None:
        if is_shipped(folder):
            raise DataError(
                f"{folder.name} comes with the package and is left as it is; {keeps} with the density"
            )
        if not os.access(folder, os.W_OK):
            raise DataError(f"{folder} cannot be written; {keeps} of the run with the density")
    elif out.exists():
        raise DataError(f"{out} exists; {option('out')} takes a folder that does not, for a copy of the run")
