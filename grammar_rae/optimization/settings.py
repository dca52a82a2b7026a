"""What an optimizer is given: the space it searches, and how it searches. Checked once, here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from grammar_rae.errors import DataError
from grammar_rae.limits.ranges import within
from grammar_rae.optimization.candidates import Alike, Decode, Encode, Feasible
from grammar_rae.optimization.observations import Features
from grammar_rae.optimization.regions import Region
from grammar_rae.optimization.scoring import Function, ScoringFunction
from grammar_rae.optimization.surrogates import Surrogate

Expected = Callable[[Sequence[str]], np.ndarray]


class Space(NamedTuple):
    """The latent space of one model: how strings become codes (n, D) and back, and where to look in it."""

    encode: Encode
    decode: Decode
    region: Region


Retrain = Callable[[list[str], np.ndarray, Expected, int], tuple[Encode, Decode, Region]]


@dataclass(frozen=True)
class OptimizerSettings:
    """The arguments of `Optimizer`, which says what they mean. DataError for numbers that cannot be."""

    encode: Encode
    decode: Decode
    score: ScoringFunction | Function | None
    region: Region
    _: KW_ONLY
    surrogate: str | Surrogate = "exact"
    features: Features | None = None
    acquisition: str = "logei"
    batch: int = 10
    initial: int = 50
    candidates: int = 300
    refinements: int = 0
    start: Sequence[str] = ()
    known: tuple[np.ndarray, np.ndarray] | None = None
    feasible: Feasible | None = None
    alike: Alike | None = None
    retrain: Retrain | None = None
    retrain_every: int | None = None
    journal: str | Path | None = None
    about: Mapping[str, Any] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        within(**self._counts(), refinements=self.refinements, seed=self.seed)
        within(retrain_every=self.retrain_every)
        every = self.retrain_every
        if (self.retrain is None) != (every is None):
            raise DataError(f"retrain_every {every}; expected a number and a way to retrain, or none of both")

    def _counts(self) -> dict[str, int]:
        return {"batch": self.batch, "initial": self.initial, "candidates": self.candidates}

    @property
    def first_strings(self) -> list[str]:
        """The strings evaluated before all others, each once."""
        return list(dict.fromkeys(self.start))

    def recorded(self, surrogate: Surrogate) -> dict[str, Any]:
        """What the journal keeps of them: with another of these a run does not go on."""
        return {
            "surrogate": repr(surrogate),
            "acquisition": self.acquisition,
            **self._counts(),
            "refinements": self.refinements,
            "start": self.first_strings,
            "known": 0 if self.known is None else len(self.known[1]),
            "retrain_every": self.retrain_every,
            "seed": self.seed,
            **(self.about or {}),
        }
