"""A model, a score and the optimizer put together: strings with a high score."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from grammar_rae.errors import DataError, option
from grammar_rae.evaluation.novelty import contains
from grammar_rae.experiments.retrain import Retrainer
from grammar_rae.files.claims import occupied
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.limits.ranges import within
from grammar_rae.model.device import device_of
from grammar_rae.model.model import Model
from grammar_rae.optimization import Evaluation, Optimizer, Round
from grammar_rae.optimization.keywords import takes_fields_of
from grammar_rae.optimization.scoring import Function, ScoringFunction, scoring_function
from grammar_rae.optimization.settings import Expected, Retrain, Space
from grammar_rae.tasks.find import named
from grammar_rae.tasks.goals import goal
from grammar_rae.tasks.goals import task_of as task_of_score
from grammar_rae.tasks.task import Task
from grammar_rae.workflows.search_space import (
    canonical_start,
    decoder_of,
    feasibility,
    features_of,
    region_of,
    searchable,
)

MILESTONES = (50, 100, 250, 500, 1000)  # evaluations after which the best score so far is reported
REFINEMENTS = {"values": 2}  # a surrogate that predicts well is followed farther from what has been scored
RETRAINED_REFINEMENTS = 2  # of a search that retrains
RETRAINED_REACH = (
    10.0  # how much longer its longest steps are: a refitted decoder may write one string all around
)


@dataclass(frozen=True)
class SearchResult:
    """`table`: strings with a score, best first, each once, with their properties; `numbers`: the run in short;
    `course` (n,): the value of every evaluation in order, NaN where there was none, higher is better; `score`: what
    was maximised; `grammar`: what derives the strings, if anything; `without_score`: how many strings have no score,
    and the commonest reason, "" where all have one.
    """

    table: pd.DataFrame
    numbers: dict[str, Any]
    course: np.ndarray
    kind: Task
    score: ScoringFunction
    grammar: Grammar | None = None
    without_score: str = ""

    @property
    def task(self) -> str:
        """What the strings are."""
        return self.kind.name


@dataclass(frozen=True)
class Search:
    """What a search is asked for; the fields are the arguments of `optimize`, which says what they mean."""

    model: str | Path | Model
    score: str | ScoringFunction | Function
    budget: int = 500
    _: KW_ONLY
    start: str | None = None
    similarity: float | None = None
    region: str = "trust"
    acquisition: str = "logei"
    surrogate: str | None = None
    batch: int = 10
    initial: int = 20
    candidates: int = 300
    samples: int = 1
    retrain_every: int | None = None
    rank_weight: float = 1e-3
    max_atoms: int | None = None
    timeout: float = 60.0
    seed: int = 0
    out: str | Path | None = None
    device: str = "cpu"
    report: Callable[[Round], None] | None = None

    def __post_init__(self) -> None:
        device_of(self.device)
        within(budget=self.budget, similarity=self.similarity, batch=self.batch, initial=self.initial)
        within(candidates=self.candidates, samples=self.samples, retrain_every=self.retrain_every)
        within(rank_weight=self.rank_weight, max_atoms=self.max_atoms, timeout=self.timeout, seed=self.seed)

    def run(self) -> SearchResult:
        """The strings with the highest scores. Errors as those of `optimize`."""
        with self.alone():
            return self.found()

    def alone(self) -> AbstractContextManager[None]:
        """Nobody else works in the folder, if there is one, until the block ends. DataError as `occupied`."""
        return nullcontext() if self.out is None else occupied(Path(self.out))

    def found(self) -> SearchResult:
        """The same for a caller who sees to it that nobody else works in the folder."""
        model = self.model if isinstance(self.model, Model) else Model.load(self.model, self.device)
        searchable(model)
        score = self._scoring_function(model)
        optimizer = self._optimizer(model, score)
        with closing(optimizer.journal):
            optimizer.run(self.budget, at_once=self.batch if score.runs_user_code else 1, report=self.report)
            return _result(model, score, optimizer, self.budget)

    def _scoring_function(self, model: Model) -> ScoringFunction:
        if isinstance(self.score, str):
            return goal(self.score, model.task, timeout=self.timeout, grammar=model.run.grammar)
        return scoring_function(self.score)

    def _optimizer(self, model: Model, score: ScoringFunction) -> Optimizer:
        start = None if self.start is None else canonical_start(model, self.start)
        feasible = feasibility(model, start, self.similarity, self.max_atoms)
        surrogate = searchable(model).surrogate if self.surrogate is None else self.surrogate
        retrains = self.retrain_every is not None

        def space_of(model: Model) -> Space:
            """What the optimizer asks of a model."""
            reach = RETRAINED_REACH if retrains else 1.0
            region = region_of(model, self.region, start, reach)
            return Space(model.encode_each, decoder_of(model, self.samples), region)

        encode, decode, region = space_of(model)
        return Optimizer(
            encode,
            decode,
            score,
            region,
            surrogate=surrogate,
            features=features_of(model, surrogate, score.points),
            acquisition=self.acquisition,
            batch=self.batch,
            initial=self.initial,
            candidates=self.candidates,
            refinements=RETRAINED_REFINEMENTS if retrains else REFINEMENTS.get(surrogate, 0),
            start=() if start is None else (start,),
            feasible=feasible,
            alike=searchable(model).alike,
            retrain=self._retrain(model, space_of) if retrains else None,
            retrain_every=self.retrain_every,
            journal=None if self.out is None else Path(self.out) / "journal.sqlite",
            about=self._about(model, score),
            seed=self.seed,
        )

    def _retrain(self, model: Model, space_of: Callable[[Model], Space]) -> Retrain:
        """Refit the model, and search the space of the new one."""
        retrainer = Retrainer(
            model, self.rank_weight, None if self.out is None else Path(self.out), self.seed
        )

        def retrain(strings: Sequence[str], values: np.ndarray, expected: Expected, generation: int) -> Space:
            """Refit on what has been scored, and search the newer model."""
            return space_of(retrainer(strings, values, expected, generation))

        return retrain

    def _about(self, model: Model, score: ScoringFunction) -> dict[str, Any]:
        """What the journal keeps beside the optimizer's settings: with another of these a run does not go on."""
        return {
            "model": f"{model.recipe.name} {fingerprint(model)}",
            "score": score.identity,
            "max_atoms": self.max_atoms,
            "region": self.region,
            "similarity": self.similarity,
            "samples": self.samples,
            "rank_weight": None if self.retrain_every is None else self.rank_weight,
        }


@takes_fields_of(Search)
def optimize(search: Search) -> SearchResult:
    """Search a model's latent space for strings with a high score.

    model          a loaded model, a shipped one's name or a run folder
    score          a specification (see `grammar_rae.tasks.goals`), or a function strings → (n,), the larger the
                   better
    budget         how many strings are scored
    start          a string that the search begins around
    similarity     all others have at least this Tanimoto similarity to `start`
    region         «trust» (around the best), «density» (where the model's density is high) or «box» (of all codes)
    acquisition    «logei» (expected improvement) or «thompson»
    surrogate      «values» of expressions (their default), «structure» of strings (that of all others), or «exact» or
                   «sparse», of codes
    batch          strings a round: the most promising ones
    initial        strings drawn from the region before the surrogate is asked
    candidates     codes decoded a round, to choose the strings from
    samples        above 1, a code is decoded to the most frequent of as many draws
    retrain_every  the model is refitted after every so many evaluations
    rank_weight    Tripp's k: the smaller, the more the best strings count when the model is refitted
    max_atoms      molecules of more heavy atoms are never asked for
    timeout        seconds a string that a score of the form `python:` may take
    seed           the same seed gives the same search
    out            a folder that keeps the journal: the same call with the same folder goes on
    device         where a model that is loaded here runs, cpu or cuda
    report         called with a `Round` after each

    DataError or RecipeError says what does not fit.
    """
    return search.run()


def model_for(score: str) -> str:
    """The shipped model that a search takes by default for the score of a specification. DataError for want of one."""
    ability = named(task_of_score(score)).search
    if ability is None or ability.model is None:
        raise DataError(
            f"no model comes with the package for score {score!r}; name one with {option('model')}"
        )
    return ability.model


def fingerprint(model: Model) -> str:
    """Twelve digits that change with any weight."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.run.autoencoder.state_dict().items()):
        digest.update(name.encode() + tensor.cpu().numpy().tobytes())
    return digest.hexdigest()[:12]


def _result(model: Model, score: ScoringFunction, optimizer: Optimizer, budget: int) -> SearchResult:
    """What has a score as a table, and the run in numbers."""
    evaluated = optimizer.evaluated()
    table = _table(model, score, optimizer.best(), [row.number for row in evaluated])
    course = np.array([row.score for row in evaluated])
    numbers = {
        "evaluations": len(evaluated),
        "best_score": float(table["score"].iloc[0]) if len(table) else None,
        "best_string": table.iloc[0, 0] if len(table) else None,
        "scored": float(np.isfinite(course).mean()) if len(course) else None,
        "mean_score": float(np.nanmean(score.display(course))) if len(table) else None,
        "stopped_early": len(evaluated) < budget,
    }
    best_so_far = score.display(np.fmax.accumulate(course)) if len(course) else course
    numbers |= {f"best_of_{n}": float(best_so_far[n - 1]) for n in MILESTONES if n <= len(course)}
    kind, grammar = model.run.task, model.run.grammar
    return SearchResult(table, numbers, course, kind, score, grammar, optimizer.without_score())


def _table(
    model: Model, score: ScoringFunction, best: list[Evaluation], evaluated: list[int]
) -> pd.DataFrame:
    """One row a string with a score, best first: the score, the place among the numbers `evaluated`, properties."""
    task, strings = model.run.task, [row.string for row in best]
    table = pd.DataFrame(
        {
            task.column: strings,
            "score": score.display(np.array([row.score for row in best])),
            "evaluation": [evaluated.index(row.number) + 1 for row in best],
        }
    )
    if not strings:
        return table
    own = task.table(strings)
    if model.run.seen is not None:
        table["novel"] = ~contains(model.run.seen, [form or "" for form in own["canonical"]])
    return table.join(own[[name for name in task.properties if name not in table]])
