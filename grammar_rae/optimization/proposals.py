"""Which strings a round evaluates: a pure function of the journal, the seed and the number of the round."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from grammar_rae.catalogue import ACQUISITIONS, look_up
from grammar_rae.errors import DataError
from grammar_rae.optimization.acquisition import Acquisition
from grammar_rae.optimization.candidates import Candidates, Decoding, Filter, new_candidates
from grammar_rae.optimization.journal import Evaluation
from grammar_rae.optimization.observations import Observations
from grammar_rae.optimization.regions import Region, RoundResult
from grammar_rae.optimization.settings import OptimizerSettings, Space

if TYPE_CHECKING:
    from botorch.models.model import Model

ATTEMPTS = 8  # draws of candidates before a round is content with fewer strings, the second half anywhere
ENOUGH = 3  # a draw is followed by another while fewer new strings are found than this part of the codes


@dataclass
class Proposals:
    """How strings are chosen in the latent space of one model, the `generation`-th one of the search.

    DataError where no acquisition has the name in the settings.
    """

    settings: OptimizerSettings
    observations: Observations
    space: Space
    generation: int = 0
    _codes: dict[str, np.ndarray] = field(init=False, default_factory=dict)  # of strings of older generations

    def __post_init__(self) -> None:
        name = self.settings.acquisition
        self._acquire: Acquisition = look_up(ACQUISITIONS, name, "acquisition", DataError)

    def propose(self, n: int, number: int, rows: list[Evaluation]) -> Decoding[Candidates]:
        """At most n new strings for a round: draws of the region at first, then the surrogate's choice among many."""
        rounds, seed = self.rounds(rows), self._seed(number, -1)
        region = self.space.region.at(rounds, self.settings.initial)
        model, best = self._surrogate(rows, rounds, seed)
        plenty = model is not None or self.settings.feasible is not None
        drawn = max(2 * n, self.settings.candidates if plenty else 0)
        known = {row.string: row.status == "scored" for row in rows}
        candidates = yield from self._drawn(region, number, drawn, n, known)
        if model is None or len(candidates.strings) <= n:
            return candidates.at(range(len(candidates.strings))[:n])
        inputs = self.observations.inputs(candidates)
        incumbent = best if region.incumbent is None else region.incumbent
        places = self._acquire(model, inputs, n, incumbent, seed)
        for turn in range(self.settings.refinements):
            known |= dict.fromkeys(candidates.strings, True)
            draws = [(region.near(candidates.codes[places]), self._seed(number, ATTEMPTS + turn))]
            more = yield from new_candidates(draws, drawn, 1, self.space.encode, self._allowed(known))
            if not more.strings:
                break
            candidates = candidates.and_also(more)
            inputs = np.concatenate([inputs, self.observations.inputs(more)])
            places = self._acquire(model, inputs, n, incumbent, seed)
        return candidates.at(places)

    def encoded(self, strings: list[str]) -> Candidates:
        """Strings and their codes. DataError for one that cannot be encoded."""
        codes = np.asarray(self.space.encode(strings), float)
        missing = np.isnan(codes).any(1)
        if missing.any():
            raise DataError(f"{strings[int(missing.argmax())]}: it cannot be encoded")
        return Candidates(strings, codes)

    def expected(self, rows: list[Evaluation], number: int, strings: Sequence[str]) -> np.ndarray:
        """(n,) values that the surrogate predicts for strings when it is fitted to the rows up to a round."""
        model, _ = self.observations.fit(rows, self.rounds(rows), self._seed(number, -1))
        return self.observations.predict(model, strings, self.space.encode)

    def rounds(self, rows: list[Evaluation]) -> list[RoundResult]:
        """Codes and values of every round, −∞ for what has no score; strings the model cannot encode left out."""
        old = [row.string for row in rows if row.generation != self.generation]
        new = [string for string in old if string not in self._codes]
        if new:
            self._codes.update(zip(new, self.space.encode(new), strict=True))
        count = 1 + max((row.round for row in rows), default=-1)
        codes: list[list[np.ndarray]] = [[] for _ in range(count)]
        values: list[list[float]] = [[] for _ in range(count)]
        for row in rows:
            code = row.code if row.generation == self.generation else self._codes[row.string]
            if not np.isnan(code).any():
                codes[row.round].append(code)
                values[row.round].append(row.value)
        size = len(self.space.region.scale)
        return [
            RoundResult(np.array(z, float).reshape(-1, size), np.array(y, float))
            for z, y in zip(codes, values, strict=True)
        ]

    def _surrogate(
        self, rows: list[Evaluation], rounds: list[RoundResult], seed: int
    ) -> tuple[Model | None, float]:
        """The fitted surrogate and the best value; (None, NaN) while the search still begins."""
        evaluated = sum(len(result.values) for result in rounds)
        if self.observations.known is None and evaluated < self.settings.initial:
            return None, math.nan
        return self.observations.fit(rows, rounds, seed)

    def _drawn(
        self, region: Region, number: int, drawn: int, n: int, known: dict[str, bool]
    ) -> Decoding[Candidates]:
        """Strings of `drawn` codes of a region; of more, at last of the whole region, while they are too few."""
        regions = [region] * (ATTEMPTS // 2) + [self.space.region] * (ATTEMPTS // 2)
        draws = [(part, self._seed(number, attempt)) for attempt, part in enumerate(regions)]
        enough = max(n, drawn // ENOUGH)
        return new_candidates(draws, drawn, enough, self.space.encode, self._allowed(known))

    def _allowed(self, known: dict[str, bool]) -> Filter:
        return Filter(known, self.settings.feasible, self.settings.alike)

    def _seed(self, number: int, attempt: int) -> int:
        """One of 2³¹ seeds for every round and attempt."""
        entropy = [self.settings.seed, number, attempt + 1]
        return int(np.random.SeedSequence(entropy).generate_state(1)[0] >> 1)
