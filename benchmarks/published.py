"""The protocol of the Grammar VAE paper (Kusner et al. 2017), run by `optimization.py published`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import torch
from believer import believer

from grammar_rae import datasets
from grammar_rae.evaluation.expressions import scores
from grammar_rae.evaluation.scoring.score import Score
from grammar_rae.model.model import Model
from grammar_rae.optimization import BoxRegion
from grammar_rae.optimization.candidates import most_frequent
from grammar_rae.optimization.sparse import Sparse
from grammar_rae.tasks.goals import goal

Line = dict[str, Any]


def published(a: argparse.Namespace) -> Iterator[Callable[[], Line]]:
    """Kusner et al.: all labels, 90/10 split, sparse GP, box, batches of 50, the most frequent of many decodes.

    Points may repeat, and invalid ones get the worst training target, as theirs do. `average` leaves out what is
    strictly no better than the worst of the run (their accounting), `plain_average` is over all valid points.
    """
    model = Model.load(a.model)
    score = goal("plogp" if model.task == "molecules" else f"expression:{scores.TARGET}", model.task)

    @cache
    def labelled() -> tuple[np.ndarray, np.ndarray]:
        data = datasets.load(model.recipe.data.name)
        strings = [*data.train, *data.valid, *data.test][: a.items]
        z, known, _ = model.encode_known(strings)
        y = score([strings[i] for i in known])
        return z[np.isfinite(y)].astype(float), y[np.isfinite(y)]

    for seed in range(1, a.seeds + 1):
        yield lambda seed=seed: _published(a, model, score, *labelled(), seed)


def _published(
    a: argparse.Namespace, model: Model, score: Score, z: np.ndarray, y: np.ndarray, seed: int
) -> Line:
    order = np.random.default_rng(seed).permutation(len(z))
    kept, held = np.split(order, [int(0.9 * len(z))])
    test, truth = z[held], y[held]
    z, y = z[kept], y[kept]
    decode = most_frequent(
        lambda codes, s: model.decode(codes.astype(np.float32), temperature=1.0, seed=s),
        a.decodes or (500 if model.task == "molecules" else 25),
        model.run.task.canonical,
    )
    box, evaluated, line = BoxRegion.around(z), [], {}
    for number in range(a.budget // 50):
        surrogate = Sparse(passes=a.passes).fit(z, y, seed * (number + 1))
        if number == 0:
            line = _predictive(surrogate, test, truth, y.std())
        new = believer(surrogate, box, 50, seed * 100 + number)
        texts = decode(new)
        values = score(texts)
        evaluated += list(zip(texts, values.tolist(), strict=True))
        z = np.concatenate([z, new])
        y = np.concatenate([y, np.where(np.isfinite(values), values, y.min())])
    every = np.array([value for _, value in evaluated])
    filled = np.where(np.isfinite(every), every, y.min())
    best = sorted(
        {text: value for text, value in evaluated if np.isfinite(value)}.items(), key=lambda p: -p[1]
    )[:3]
    return {
        "model": a.model,
        "seed": seed,
        "valid": float(np.isfinite(every).mean()),
        "average": float(score.display(filled[filled > filled.min()]).mean()),
        "plain_average": float(score.display(every[np.isfinite(every)]).mean()),
        "best_three": [float(score.display(np.array(value))) for _, value in best],
        "best_strings": [text for text, _ in best],
        **line,
    }


def _predictive(surrogate: Any, z: np.ndarray, y: np.ndarray, scale: float) -> Line:
    """RMSE and mean log density of held-out targets, noise included."""
    with torch.no_grad():
        parts = [surrogate.posterior(part, observation_noise=True) for part in torch.as_tensor(z).split(1000)]
        mean = torch.cat([part.mean[:, 0] for part in parts])
        variance = torch.cat([part.variance[:, 0] for part in parts])
        targets = torch.as_tensor(y)
        density = torch.distributions.Normal(mean, variance.sqrt()).log_prob(targets)
    return {
        "rmse": float((mean - targets).square().mean().sqrt()),
        "log_likelihood": float(density.mean()),
        "rmse_of_the_mean": float(scale),
    }
