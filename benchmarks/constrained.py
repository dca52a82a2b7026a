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
from grammar_rae.evaluators import tanimoto
from grammar_rae.evaluators.goals import goal
from grammar_rae.model import Model
from grammar_rae.optimization import Optimizer
from grammar_rae.optimization.candidates import decode_jointly
from grammar_rae.search import decoder_of, features_of, region_of

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
                found = pool.map(task, groups, range(first, first + len(part), TOGETHER))
                kept = [row for rows in found for row in rows]
            names = ("start", "improvements", "random_improvements")
            line = dict(zip(names, map(list, zip(*kept, strict=True)), strict=True))
            return {**line, "cpu_seconds": _children_seconds() - before}

        yield run


def summary(lines: list[Line]) -> Line:
    """Mean improvement, its standard deviation and the share improved, at every threshold; CPU time of all workers."""
    found: Line = {"molecules": sum(len(line["start"]) for line in lines)}
    found["cpu_minutes"] = sum(line["cpu_seconds"] for line in lines) / 60
    for name in ("", "random_"):
        gains = np.array([row for line in lines for row in line[f"{name}improvements"]])
        for column, least in enumerate(THRESHOLDS):
            found |= {
                f"{name}improvement_{least}": float(gains[:, column].mean()),
                f"{name}deviation_{least}": float(gains[:, column].std()),
                f"{name}success_{least}": float((gains[:, column] > 0).mean()),
            }
    return found


def improved(
    model: str, budget: int, starts: list[str], first: int
) -> list[tuple[str, list[float], list[float]]]:
    """Every start that has a code, and the largest gains of a search and of perturbations, one a threshold."""
    used, scale = _ready(model)
    forms = [(form, first + number) for number, form in enumerate(used.same(starts)) if form is not None]
    score, decode, least = goal("plogp_raw"), decoder_of(used), 0.0

    def search(form: str, seed: int) -> Optimizer:
        def similar(strings: list[str]) -> np.ndarray:
            return np.nan_to_num(tanimoto.bit_similarity(form, strings), nan=-1.0) >= least

        how = {"surrogate": "structure", "features": features_of(used), "initial": BATCH}
        region = region_of(used, start=form)
        space = used.encode_each, decode, None, region
        return Optimizer(*space, start=[form], candidates=CANDIDATES, feasible=similar, seed=seed, **how)

    searches = [search(form, seed) for form, seed in forms]
    for one in searches:
        one.tell(strings := one.ask(1), score(strings))
    for quarter, threshold in enumerate(reversed(THRESHOLDS), 1):  # what one leaves unspent the next has more
        least, until = threshold, 1 + budget * quarter // len(THRESHOLDS)
        going = searches
        while going := [one for one in going if one.evaluations < until]:
            asked = decode_jointly([one.asking(min(BATCH, until - one.evaluations)) for one in going], decode)
            for one, strings in zip(going, asked, strict=True):
                one.tell(strings, score(strings))
            going = [one for one, strings in zip(going, asked, strict=True) if strings]
    found = []
    for (form, seed), one in zip(forms, searches, strict=True):
        base, centre = score([form])[0], used.encode([form])[0].astype(float)
        noise = np.random.default_rng(seed).standard_normal((budget, len(centre)))
        cloud = used.decode((centre + STEP * scale * noise).astype(np.float32))
        best = one.best()
        ours = _gains(form, base, [row.string for row in best], np.array([row.score for row in best]))
        found.append((form, ours, _gains(form, base, cloud, score(cloud))))
    return found


def _children_seconds() -> float:
    """CPU time of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@cache
def _ready(model: str) -> tuple[Model, np.ndarray]:
    """The model of a process, and the standard deviations of its codes."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    used = Model.load(model)
    return used, used.sample_codes(10_000).std(0)


def _gains(start: str, base: float, strings: list[str], values: np.ndarray) -> list[float]:
    """The largest gain at each least similarity, 0 where there is none."""
    alike = tanimoto.bit_similarity(start, strings)
    gains = np.nan_to_num(values - base, nan=-np.inf)
    return [max(0.0, float(np.max(gains[alike >= least], initial=0.0))) for least in THRESHOLDS]
