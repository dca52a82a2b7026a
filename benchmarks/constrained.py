"""Constrained improvement of molecules (Jin et al. 2018), run by `optimization.py constrained`.

Improve plogp_raw of the test molecules with the lowest, within a similarity. One search of `--budget` evaluations a
molecule serves all thresholds: a quarter of them each, the closest first, so that what was found near the start
leads farther; beside it as many Gaussian perturbations of the molecule's code. What is not improved counts as no
success and as improvement 0.
"""

from __future__ import annotations

import argparse
import resource
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from typing import Any

import numpy as np
import torch

from grammar_rae import datasets
from grammar_rae.chemistry import fingerprints
from grammar_rae.evaluation.scoring.score import Score
from grammar_rae.model.model import Model
from grammar_rae.optimization import Optimizer
from grammar_rae.optimization.candidates import Decode, decode_jointly
from grammar_rae.tasks.goals import goal
from grammar_rae.workflows.search_space import decoder_of, features_of, region_of

Line = dict[str, Any]
THRESHOLDS = (0.0, 0.2, 0.4, 0.6)
LINE = 80  # molecules
TOGETHER = 20  # molecules whose candidates are decoded at once
BATCH = 10  # strings scored before the surrogate is asked again
CANDIDATES = 40  # codes decoded at once
STEP = 0.4  # of the perturbations beside ours, in standard deviations of the codes


def constrained(a: argparse.Namespace) -> Iterator[Callable[[], Line]]:
    """One line for every `LINE` molecules, shared out to `--workers` processes."""
    score = goal("plogp_raw")
    test = datasets.load("zinc250k").test
    starts = [test[i] for i in np.argsort(score(test), kind="stable")[: a.molecules]]
    for first in range(0, len(starts), LINE):

        def run(part: list[str] = starts[first : first + LINE], first: int = first) -> Line:
            task = partial(improved, a.model, a.budget)
            groups = [part[at : at + TOGETHER] for at in range(0, len(part), TOGETHER)]
            before = _children_seconds()
            with ProcessPoolExecutor(a.workers, get_context("spawn")) as pool:
                groups_of_rows = pool.map(task, groups, range(first, first + len(part), TOGETHER))
                rows = [row for group in groups_of_rows for row in group]
            names = ("start", "improvements", "random_improvements")
            line = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
            return {**line, "cpu_seconds": _children_seconds() - before}

        yield run


def summary(lines: list[Line]) -> Line:
    """Mean improvement, its standard deviation and the share improved, at every threshold; CPU time of all workers."""
    totals: Line = {"molecules": sum(len(line["start"]) for line in lines)}
    totals["cpu_minutes"] = sum(line["cpu_seconds"] for line in lines) / 60
    for name in ("", "random_"):
        gains = np.array([row for line in lines for row in line[f"{name}improvements"]])
        for column, least in enumerate(THRESHOLDS):
            totals |= {
                f"{name}improvement_{least}": float(gains[:, column].mean()),
                f"{name}deviation_{least}": float(gains[:, column].std()),
                f"{name}success_{least}": float((gains[:, column] > 0).mean()),
            }
    return totals


def improved(
    name: str, budget: int, starts: list[str], first: int
) -> list[tuple[str, list[float], list[float]]]:
    """Every start that has a code, and the largest gains of a search and of perturbations, one a threshold."""
    model, scale = _ready(name)
    forms = [(form, first + number) for number, form in enumerate(model.same(starts)) if form is not None]
    score, decode = goal("plogp_raw"), decoder_of(model)
    searches = [Start(model, form, seed, decode) for form, seed in forms]
    for search in searches:
        search.optimizer.tell(strings := search.optimizer.ask(1), score(strings))
    for quarter, threshold in enumerate(reversed(THRESHOLDS), 1):  # what one leaves unspent the next has more
        for search in searches:
            search.threshold = threshold
        _spend(searches, 1 + budget * quarter // len(THRESHOLDS), decode, score)
    return [search.gains(model, budget, scale, score) for search in searches]


class Start:
    """A search around one molecule. Its similarity to the others is at least `threshold`, which falls as it goes on."""

    def __init__(self, model: Model, form: str, seed: int, decode: Decode) -> None:
        self.form, self.seed, self.threshold = form, seed, 0.0
        self.optimizer = Optimizer(
            model.encode_each,
            decode,
            None,
            region_of(model, start=form),
            surrogate="structure",
            features=features_of(model),
            initial=BATCH,
            start=[form],
            candidates=CANDIDATES,
            feasible=self._similar,
            seed=seed,
        )

    def _similar(self, strings: list[str]) -> np.ndarray:
        similarity = fingerprints.bit_similarity(self.form, strings)
        return np.nan_to_num(similarity, nan=-1.0) >= self.threshold

    def gains(
        self, model: Model, budget: int, scale: np.ndarray, score: Score
    ) -> tuple[str, list[float], list[float]]:
        """The molecule, and the largest gains of the search and of as many perturbations of its code."""
        base, centre = score([self.form])[0], model.encode([self.form])[0].astype(float)
        noise = np.random.default_rng(self.seed).standard_normal((budget, len(centre)))
        perturbed = model.decode((centre + STEP * scale * noise).astype(np.float32))
        best = self.optimizer.best()
        searched = _gains(
            self.form, base, [row.string for row in best], np.array([row.score for row in best])
        )
        return self.form, searched, _gains(self.form, base, perturbed, score(perturbed))


def _spend(searches: list[Start], until: int, decode: Decode, score: Score) -> None:
    """Go on with all searches, side by side, until each has so many evaluations or finds nothing new."""
    going = [search.optimizer for search in searches]
    while going := [optimizer for optimizer in going if optimizer.evaluations < until]:
        rounds = [optimizer.asking(min(BATCH, until - optimizer.evaluations)) for optimizer in going]
        batches = decode_jointly(rounds, decode)
        for optimizer, strings in zip(going, batches, strict=True):
            optimizer.tell(strings, score(strings))
        going = [optimizer for optimizer, strings in zip(going, batches, strict=True) if strings]


def _children_seconds() -> float:
    """CPU time of the processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@cache
def _ready(name: str) -> tuple[Model, np.ndarray]:
    """The model of a process, and the standard deviations of its codes."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    model = Model.load(name)
    return model, model.sample_codes(10_000).std(0)


def _gains(start: str, base: float, strings: list[str], values: np.ndarray) -> list[float]:
    """The largest gain at each least similarity, 0 where there is none."""
    alike = fingerprints.bit_similarity(start, strings)
    gains = np.nan_to_num(values - base, nan=-np.inf)
    return [max(0.0, float(np.max(gains[alike >= least], initial=0.0))) for least in THRESHOLDS]
