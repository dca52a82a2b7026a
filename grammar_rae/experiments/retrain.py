"""Weighted retraining (Tripp, Daxberger, Hernández-Lobato 2020): as scores come in, the model is fitted to them.

A string of rank r among N has the weight 1 / (k N + r). Theirs ranks labelled training data; ours buys no label but the
evaluations': a training string takes the rank of what the surrogate expects of it. Each generation goes on from the
weights of the one before, and refits its density.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from scipy.stats import rankdata

from grammar_rae.codecs.codec import TextCodec
from grammar_rae.errors import DataError
from grammar_rae.experiments.density import stated
from grammar_rae.experiments.prepare import Prepared, Spelled, encodable, prepare
from grammar_rae.experiments.train import round_weights
from grammar_rae.files.atomic import new_folder
from grammar_rae.limits.ranges import within
from grammar_rae.model.model import Model
from grammar_rae.optimization.settings import Expected
from grammar_rae.recipes.build import make_objective
from grammar_rae.runs import folder as runs
from grammar_rae.training.batches import Data
from grammar_rae.training.loop import fit

REPLAYED = 10_000  # training strings that the evaluated ones are mixed with
DRAWN = 20_000  # rows a generation is trained on
EPOCHS = 2


def rank_weights(values: np.ndarray, k: float) -> np.ndarray:
    """1 / (k N + rank) of values (N,), the larger the better, NaN worst; equal ones share their mean rank, from 0."""
    ranks = rankdata(-np.nan_to_num(values, nan=-np.inf)) - 1
    return 1 / (k * len(values) + ranks)


class Retrainer:
    """`(strings, values, expected, generation) → Model`: the model of the generation before, fitted to the strings with
    the values (n,) that were evaluated and to its training data, by our own training loop. `expected` gives the values
    that the surrogate expects of other strings, (n,). Nothing depends on the caller's random state. With a folder every
    generation is kept there, and one that is there already is not trained again.

    DataError where the training data of the model is not at hand.
    """

    def __init__(self, model: Model, k: float, folder: Path | None, seed: int) -> None:
        if model.run.codec.word != "string":
            raise DataError(f"{model.recipe.name} makes images; retraining needs a model of strings")
        within(rank_weight=k)
        self.model, self.k, self.folder, self.seed = model, k, folder, seed
        self.codec = cast(TextCodec, model.run.codec)
        self._replayed: Prepared | None = None

    def __call__(
        self, strings: Sequence[str], values: np.ndarray, expected: Expected, generation: int
    ) -> Model:
        folder = None if self.folder is None else self.folder / f"generation-{generation}"
        if folder is not None and folder.is_dir():
            self.model = Model(runs.load(folder), self.model.device)
            return self.model
        self.model = self._fitted(self._drawn(strings, values, expected, generation), generation)
        if folder is not None:
            with new_folder(folder) as fresh:
                runs.save(fresh, self.model.run)
        return self.model

    def _drawn(self, strings: Sequence[str], values: np.ndarray, expected: Expected, generation: int) -> Data:
        """Rows to train and to validate on, drawn by rank weight among evaluated strings and training strings."""
        run = self.model.run
        if self._replayed is None:
            part = run.recipe.data.model_copy(update={"limit": REPLAYED, "orders": 0})
            self._replayed = prepare(run.recipe.model_copy(update={"data": part}))
        forms = self.model.prepare(strings)
        x, places, _ = encodable(self.codec, run.grammar, run.machine, Spelled(strings, forms))
        old = self._replayed.rows
        rows = torch.cat([torch.as_tensor(x).to(old.train.dtype), old.train])
        ranked = np.concatenate([np.asarray(values)[places], expected(self._replayed.texts)])
        weights = torch.as_tensor(rank_weights(ranked, self.k))
        random = torch.Generator().manual_seed(self.seed * 1_000_003 + generation)
        train = torch.multinomial(weights, DRAWN, True, generator=random)
        valid = torch.multinomial(weights, DRAWN // 10, True, generator=random)
        return replace(old, train=rows[train], valid=rows[valid])

    def _fitted(self, data: Data, generation: int) -> Model:
        """A copy of the model, trained on the data, with densities of the same kinds fitted anew."""
        from lightning_fabric import Fabric

        run = replace(self.model.run, autoencoder=deepcopy(self.model.run.autoencoder), densities={})
        changes = {
            "epochs": EPOCHS,
            "epoch_examples": DRAWN // EPOCHS,
            "schedule": "cosine",
            "stop_after": None,
            "average": 0.0,
            "seed": self.seed * 1000 + generation,
        }
        settings = run.recipe.training.model_copy(update=changes)
        device = self.model.device
        devices = [device.index or 0] if device.type == "cuda" else 1
        fabric = Fabric(accelerator=device.type, devices=devices, precision=run.recipe.training.precision)
        objective = make_objective(run.recipe, run.autoencoder)
        for _ in fit(objective, data, settings, fabric, phases=objective.phases):
            pass
        round_weights(run)
        model: Model[Any] = Model(run, self.model.device)
        default = run.recipe.density.default
        for kind in dict.fromkeys(["box", *[default] * (default in self.model.run.densities)]):
            fitted_by, which = stated(run.recipe, kind)
            z = model.codes(data.train.numpy(), self.seed if which == "samples" else None)
            model.fit_density(kind, z, self.seed, **fitted_by)
        return model
