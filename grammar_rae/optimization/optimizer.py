"""Ask and tell: strings to evaluate, their scores back, and a loop for those who need no more.

A round is a pure function of the journal before it, the seed and its number: a run that was killed goes on and
ends with the journal of one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from grammar_rae.errors import DataError
from grammar_rae.optimization import acquisition as acquisitions
from grammar_rae.optimization.candidates import (
    Alike,
    Candidates,
    Decode,
    Decoding,
    Encode,
    Feasible,
    decoded,
    together,
)
from grammar_rae.optimization.evidence import Evidence, Features
from grammar_rae.optimization.journal import Evaluation, Journal
from grammar_rae.optimization.regions import Found, Region
from grammar_rae.optimization.scoring import Score, scored

Space = tuple[Encode, Decode, Region]
Expected = Callable[[Sequence[str]], np.ndarray]
Retrain = Callable[[list[str], np.ndarray, Expected, int], Space]
ATTEMPTS = 8  # draws of candidates before a round is content with fewer strings, the second half anywhere
ENOUGH = 3  # a draw is followed by another while fewer new strings are found than this part of the codes


@dataclass(frozen=True)
class Round:
    """What is known after a round. Shares and times: `valid` of all evaluations, `seconds` of this round."""

    number: int
    evaluations: int
    best: float
    valid: float
    seconds: float


class Optimizer:
    """Bayesian optimization over codes; scores are maximised.

    `encode(strings) → (n, D)`, rows of NaN for what has no code; `decode(codes) → strings`, the same for the same
    codes; `region`, see `grammar_rae.optimization.regions`. `score(strings) → (n,)` is needed by `run` alone.

    surrogate    «exact», «sparse», «structure», «values», or an object with `fit(x, y, seed)`
    features     strings → (n, F): what the surrogate reads in place of the codes; «structure» needs counts, no zero
                 row, «values» what expressions compute
    acquisition  «logei» or «thompson»
    batch        strings a round
    initial      strings drawn from the region before the surrogate is asked
    candidates   codes decoded a round, among whose strings the surrogate chooses
    refinements  how often as many codes again are decoded, around those of the strings that it would choose
    start        strings evaluated before all others
    known        (what the surrogate reads (n, ·), values (n,)): labels at hand, not evaluated and not counted
    feasible     strings → (n,) bool: the others are never asked for
    alike        strings → (n,) int, the first string that each equals: of equal ones only one is asked for
    retrain      (strings, values, expected, generation) → (encode, decode, region), after every `retrain_every`
                 evaluations; `expected`, strings → (n,): what the surrogate of those expects, NaN without one
    journal      a file that keeps every evaluation; the same file goes on with the run
    about        whatever else the run depends on (names of model and score), to refuse another run's journal

    A string is evaluated once. One without a score (NaN) is to the surrogate as bad as the worst score seen.
    DataError where the journal was written with other settings, or a name is unknown.
    """

    def __init__(
        self,
        encode: Encode,
        decode: Decode,
        score: Score | None,
        region: Region,
        *,
        surrogate: Any = "exact",
        features: Features | None = None,
        acquisition: str = "logei",
        batch: int = 10,
        initial: int = 50,
        candidates: int = 300,
        refinements: int = 0,
        start: Sequence[str] = (),
        known: tuple[np.ndarray, np.ndarray] | None = None,
        feasible: Feasible | None = None,
        alike: Alike | None = None,
        retrain: Retrain | None = None,
        retrain_every: int | None = None,
        journal: str | Path | None = None,
        about: Mapping[str, Any] | None = None,
        seed: int = 0,
    ) -> None:
        counts = {"batch": batch, "initial": initial, "candidates": candidates}
        for name, value in counts.items():
            if value < 1:
                raise DataError(f"{name} {value}; expected 1 or more")
        if refinements < 0:
            raise DataError(f"refinements {refinements}; expected 0 or more")
        if (retrain is None) != (retrain_every is None) or (retrain_every is not None and retrain_every < 1):
            raise DataError(f"retrain_every {retrain_every}; expected 1 or more, and a way to retrain")
        self.score, self.batch, self.initial, self.seed = score, batch, initial, seed
        self._candidates, self._refinements = candidates, refinements
        self._evidence = Evidence(surrogate, features, known)
        self._acquire = acquisitions.named(acquisition)
        self._start, self._feasible, self._alike = list(dict.fromkeys(start)), feasible, alike
        self._retrain, self._every = retrain, retrain_every
        self._space: Space = encode, decode, region
        self._generation = 0
        self._codes: dict[str, np.ndarray] = {}  # of older generations' strings, by the model in use
        settings = {
            "surrogate": repr(self._evidence.surrogate),
            "acquisition": acquisition,
            **counts,
            "refinements": refinements,
            "start": self._start,
            "known": 0 if known is None else len(known[1]),
            "retrain_every": retrain_every,
            "seed": seed,
        }
        self.journal = Journal(journal, {**settings, **(about or {})})

    def ask(self, n: int) -> list[str]:
        """The strings of a new round: at most n, none of them seen before; fewer, or none, where no more are decoded.
        While an earlier round waits for scores, the strings it waits for.
        """
        return together([self.asking(n)], lambda z: self._space[1](z))[0]

    def asking(self, n: int) -> Decoding[list[str]]:
        """`ask` for many searches at once, see `candidates.together`: it yields codes and is sent their strings."""
        rows = self.journal.rows()
        waiting = [row.string for row in rows if row.status == "asked"]
        if waiting:
            return waiting
        number = 1 + max((row.round for row in rows), default=-1)
        self._catch_up(rows)
        first = number == 0 and self._start
        proposed = self._first() if first else (yield from self._propose(n, number, rows))
        self.journal.propose(number, self._generation, *proposed)
        return proposed.strings

    def tell(
        self,
        strings: Sequence[str],
        values: Sequence[float] | np.ndarray,
        reasons: Mapping[str, str] | None = None,
    ) -> None:
        """The scores of strings, NaN where there is none, and why, by string, where that is known. Strings that
        were not asked for are a round of their own.

        DataError where the numbers do not match, or a string has a score already or cannot be encoded.
        """
        values = np.asarray(values, dtype=float)
        if values.shape != (len(strings),):
            raise DataError(
                f"{len(strings)} strings and values of shape {values.shape}; expected one number each"
            )
        status = {row.string: row.status for row in self.journal.rows()}
        old = next((s for s in strings if status.get(s, "asked") != "asked"), None)
        if old is not None:
            raise DataError(f"{old} has been told already, as {status[old]}")
        own = [string for string in dict.fromkeys(strings) if string not in status]
        if own:
            self._adopt(own)
        self.journal.tell(strings, values.tolist(), reasons or {})

    def run(
        self,
        budget: int,
        *,
        at_once: int = 1,
        report: Callable[[Round], None] | None = None,
    ) -> list[Evaluation]:
        """Ask, score and tell until `budget` evaluations are in the journal, or nothing new is found; `best()`.

        Scores are written down after every `at_once` strings. A score that raises counts as none.
        """
        if self.score is None:
            raise DataError("run needs a score; without one use ask and tell")
        while (done := self.evaluations) < budget:
            begun = time.monotonic()
            strings = self.ask(min(self.batch, budget - done))
            if not strings:
                break
            for first in range(0, len(strings), at_once):
                part = strings[first : first + at_once]
                self.tell(part, *scored(self.score, part))
            if report is not None:
                report(self._summary(time.monotonic() - begun))
        return self.best()

    @property
    def evaluations(self) -> int:
        """How many strings have been told, with a score or without."""
        return sum(row.status in ("scored", "failed") for row in self.journal.rows())

    def best(self) -> list[Evaluation]:
        """Everything that has a score, best first, the earlier first among equals."""
        scored = [row for row in self.journal.rows() if row.status == "scored"]
        return sorted(scored, key=lambda row: (-row.score, row.number))

    def _summary(self, seconds: float) -> Round:
        rows = [row for row in self.journal.rows() if row.status in ("scored", "failed")]
        scores = [row.score for row in rows if row.status == "scored"]
        best = max(scores, default=math.nan)
        return Round(rows[-1].round, len(rows), best, len(scores) / len(rows), seconds)

    def _first(self) -> Candidates:
        """The start strings."""
        return self._encoded(self._start)

    def _adopt(self, strings: list[str]) -> None:
        number = 1 + max((row.round for row in self.journal.rows()), default=-1)
        self.journal.propose(number, self._generation, *self._encoded(strings))

    def _encoded(self, strings: list[str]) -> Candidates:
        codes = np.asarray(self._space[0](strings), float)
        if np.isnan(codes).any():
            raise DataError(f"{strings[int(np.isnan(codes).any(1).argmax())]}: it cannot be encoded")
        return Candidates(strings, codes)

    def _propose(self, n: int, number: int, rows: list[Evaluation]) -> Decoding[Candidates]:
        """At most n new strings: draws of the region at first, then the surrogate's choice among many more."""
        encode, _, outer = self._space
        rounds = self._rounds(rows)
        region, seed = outer.at(rounds, self.initial), _seed(self.seed, number, -1)
        ready = self._evidence.known is not None or sum(len(found.y) for found in rounds) >= self.initial
        model, best = self._evidence.fitted(rows, rounds, seed) if ready else (None, math.nan)
        best = best if region.incumbent is None else region.incumbent
        regions = [region] * (ATTEMPTS // 2) + [outer] * (ATTEMPTS // 2)
        draws = [(part, _seed(self.seed, number, attempt)) for attempt, part in enumerate(regions)]
        plenty = model is not None or self._feasible is not None
        drawn = max(2 * n, self._candidates if plenty else 0)
        enough = max(n, drawn // ENOUGH)
        known = {row.string: row.status == "scored" for row in rows}
        found = yield from decoded(draws, drawn, enough, encode, known, self._feasible, self._alike)
        if model is None or len(found.strings) <= n:
            return Candidates(found.strings[:n], found.codes[:n])
        inputs, aim = self._evidence.inputs(found), (n, best, seed)
        places = self._acquire(model, inputs, *aim)
        for turn in range(self._refinements):
            known |= dict.fromkeys(found.strings, True)
            again = [(region.near(found.codes[places]), _seed(self.seed, number, ATTEMPTS + turn))]
            more = yield from decoded(again, drawn, 1, encode, known, self._feasible, self._alike)
            if not more.strings:
                break
            found = Candidates(found.strings + more.strings, np.concatenate([found.codes, more.codes]))
            inputs = np.concatenate([inputs, self._evidence.inputs(more)])
            places = self._acquire(model, inputs, *aim)
        return Candidates([found.strings[place] for place in places], found.codes[places])

    def _rounds(self, rows: list[Evaluation]) -> list[Found]:
        """Codes and values of every round, −∞ for what has no score; strings the model cannot encode left out."""
        old = [
            row.string for row in rows if row.generation != self._generation and row.string not in self._codes
        ]
        if old:
            self._codes.update(zip(old, self._space[0](old), strict=True))
        last = max((row.round for row in rows), default=-1)
        parts: list[tuple[list[np.ndarray], list[float]]] = [([], []) for _ in range(last + 1)]
        for row in rows:
            code = row.code if row.generation == self._generation else self._codes[row.string]
            if not np.isnan(code).any():
                parts[row.round][0].append(code)
                parts[row.round][1].append(row.value)
        size = len(self._space[2].scale)
        return [Found(np.array(z, float).reshape(-1, size), np.array(y, float)) for z, y in parts]

    def _expected(self, known: list[Evaluation], number: int, strings: Sequence[str]) -> np.ndarray:
        """(n,) what the surrogate that is fitted to what was known after a round expects of strings."""
        model, _ = self._evidence.fitted(known, self._rounds(known), _seed(self.seed, number, -1))
        return self._evidence.expected(model, strings, self._space[0])

    def _catch_up(self, rows: list[Evaluation]) -> None:
        """Retrain once for every `retrain_every` evaluations, each time on what was known when that was reached."""
        if self._retrain is None or self._every is None:
            return
        told = [row for row in rows if row.status in ("scored", "failed")]
        while self._generation < len(told) // self._every:
            generation = self._generation + 1
            last = told[generation * self._every - 1].round
            known = [row for row in told if row.round <= last]
            values = np.array([row.score for row in known])
            expected = partial(self._expected, known, last)
            self._space = self._retrain([row.string for row in known], values, expected, generation)
            self._generation, self._codes = generation, {}


def _seed(seed: int, number: int, attempt: int) -> int:
    """One of 2³¹ seeds for every round and attempt."""
    return int(np.random.SeedSequence([seed, number, attempt + 1]).generate_state(1)[0] >> 1)
