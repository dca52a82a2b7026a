"""How models of a kind of items are measured; each way is an object of its own, named in `catalogue.ASSESSMENTS`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grammar_rae.catalogue import ASSESSMENTS, look_up
from grammar_rae.evaluation.images.metrics import Curve
from grammar_rae.limits.ranges import within
from grammar_rae.machines.machine import EVERYTHING, Masks
from grammar_rae.model.model import Model
from grammar_rae.model.sampling import Drawn
from grammar_rae.progress import Report

Numbers = dict[str, Any]
Counts = tuple[int, int]


@dataclass(frozen=True)
class Plan:
    """How a model is measured: on n samples a density, under a seed, and what else is asked for."""

    n: int = 10_000
    seed: int = 0
    features: str = "classifier"  # of images, as `evaluation.images.features.network` takes them
    reconstruct: Counts | None = None  # encodings of a held-out item, decodings of each
    prior: Counts | None = None  # points of a density, decodings of each
    likelihood: int | None = None  # draws of each held-out item's posterior; None: not asked for

    def __post_init__(self) -> None:
        encodings, decodings = self.reconstruct or (None, None)
        points, prior_decodes = self.prior or (None, None)
        within(n=self.n, seed=self.seed, likelihood=self.likelihood)
        within(encodings=encodings, decodings=decodings, prior_points=points, prior_decodes=prior_decodes)


@dataclass(frozen=True)
class Reading:
    """How items are encoded and decoded: `revisions` as in `Model.decode`; with `counts` so many encodings, and
    decodings of each, drawn at a temperature under `masks`.
    """

    revisions: int = 0
    seed: int = 0
    counts: Counts | None = None
    temperature: float = 1.0
    masks: Masks = EVERYTHING

    def __post_init__(self) -> None:
        encodings, decodings = self.counts or (None, None)
        within(revisions=self.revisions, seed=self.seed, temperature=self.temperature)
        within(encodings=encodings, decodings=decodings)


@dataclass(frozen=True)
class Assessed:
    """What was measured of a model, in `numbers`, and what a user sees of that; `drawn` are samples of its own density.

    Of images also some of them (n, S, S, C) by title, and precision-recall curves by density; of strings also lists by
    title and name.
    """

    model: Model
    drawn: Drawn
    numbers: Numbers
    reported: Numbers
    pictures: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    lists: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Reconstructed:
    """Items that were encoded and decoded, one row each where there is a table, and how well they came back."""

    items: Any
    table: pd.DataFrame | None
    numbers: Numbers


class Assessment(Protocol):
    """One way to measure models."""

    def measure(self, model: Model, plan: Plan, progress: Report) -> Assessed:
        """Samples under every density, and reconstructions. DataError for a plan that it does not know."""
        ...

    def lines(self, model: Model, plan: Plan) -> list[str]:
        """What a model's card says of the numbers among its metrics."""
        ...

    def reconstruct(
        self, model: Model, items: Sequence[Any], reading: Reading, progress: Report
    ) -> Reconstructed:
        """Items there and back. DataError where none can be read, or for a reading that it does not know."""
        ...


def assessment_of(model: Model) -> Assessment:
    """The one for a model's items."""
    assessment: Assessment = look_up(ASSESSMENTS, model.run.task.assessment, "assessment")
    return assessment
