"""Formulas for points, the protocol `formulas` of `optimization.py`: the five of Nguyen's targets that the grammar
derives (Uy et al. 2011), 20 points of [-1, 1] each, others for every seed. A run is a seed; per target the lowest
log(1 + MSE) of `--budget` evaluations, whether it is at most 1e-9, and gplearn's.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from grammar_rae import datasets
from grammar_rae.evaluation.expressions import scores
from grammar_rae.evaluation.expressions.target import Target, values_of
from grammar_rae.model.model import Model
from grammar_rae.workflows.optimize import optimize

EXACT = 1e-9
TARGETS = {
    "nguyen_1": "x*x*x+x*x+x",
    "nguyen_2": "x*x*x*x+x*x*x+x*x+x",
    "nguyen_3": "x*x*x*x*x+x*x*x*x+x*x*x+x*x+x",
    "nguyen_4": "x*x*x*x*x*x+x*x*x*x*x+x*x*x*x+x*x*x+x*x+x",
    "nguyen_6": "sin(x)+sin(x+x*x)",
}


def formulas(a: argparse.Namespace) -> Iterator[Callable[[], dict[str, Any]]]:
    """Searches as `optimize --data` does; and how many of the data set `expressions` equal a target."""
    import gplearn_peer

    drawn = datasets.load("expressions").train
    same = scores.alike([*TARGETS.values(), *drawn])[len(TARGETS) :] < len(TARGETS)
    for seed in range(a.seeds):

        def run(seed: int = seed) -> dict[str, Any]:
            model = Model.load(a.model)
            line: dict[str, Any] = {"seed": seed, "targets_in_expressions": int(same.sum())}
            x = np.random.default_rng(seed).uniform(-1, 1, 20)
            with tempfile.TemporaryDirectory() as folder:
                for name, target in TARGETS.items():
                    points = Target(x, values_of(target, scores.standard(), x))
                    file = Path(folder) / f"{name}.csv"
                    np.savetxt(file, np.c_[x, points.values], delimiter=",", header="x,y", comments="")
                    numbers = optimize(model, f"data:{file}", a.budget, seed=seed).numbers
                    line |= {
                        name: numbers["best_score"],
                        f"{name}_exact": bool(numbers["best_score"] <= EXACT),
                        f"{name}_best_string": numbers["best_string"],
                        f"{name}_gplearn": gplearn_peer.best(points, a.budget, seed),
                    }
            return line

        yield run
