"""Ask and tell: strings to evaluate, their scores back, and a loop for those who need no more.

A round is a pure function of the journal before it, the seed and its number: a run that was killed goes on and
ends with the journal of one that was not.
"""

from __future__ import annotations

import math
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from grammar_rae.errors import DataError
from grammar_rae.files import given
from grammar_rae.limits.ranges import within
from grammar_rae.optimization.candidates import Decoding, decode_jointly
from grammar_rae.optimization.journal import Evaluation, Journal
from grammar_rae.optimization.keywords import takes_fields_of
from grammar_rae.optimization.observations import Observations
from grammar_rae.optimization.proposals import Proposals
from grammar_rae.optimization.scoring import score_safely, scoring_function
from grammar_rae.optimization.settings import OptimizerSettings, Space


@dataclass(frozen=True)
class Round:
    """What is known after a round: how many evaluations there are, the best score, the share `scored` of evaluations
    that have one, and the `seconds` that this round took.
    """

    number: int
    evaluations: int
    best: float
    scored: float
    seconds: float

    @property
    def valid(self) -> float:
        """`scored`, by its older name."""
        return self.scored


class Optimizer:
    """Bayesian optimization over codes; scores are maximised.

    encode       strings → codes (n, D), rows of NaN for what has no code
    decode       codes → strings, the same for the same codes
    score        strings → (n,), NaN where there is no score; `run` alone needs it
    region       where to look, see `grammar_rae.optimization.regions`
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
    seed         the same seed gives the same run

    A string is evaluated once. One without a score (NaN) is to the surrogate as bad as the worst score seen.
    DataError where the journal was written with other settings, or a name is unknown.
    """

    @takes_fields_of(OptimizerSettings)
    def __init__(self, settings: OptimizerSettings) -> None:
        self.settings = settings
        self.score = None if settings.score is None else scoring_function(settings.score)
        observations = Observations(settings.surrogate, settings.features, settings.known)
        space = Space(settings.encode, settings.decode, settings.region)
        self._proposals = Proposals(settings, observations, space)
        self.journal = Journal(settings.journal, settings.recorded(observations.surrogate))

    def ask(self, n: int) -> list[str]:
        """The strings of a new round: at most n, none of them seen before; fewer, or none, where no more are decoded.
        While an earlier round waits for scores, the strings it waits for.
        """
        return decode_jointly([self.asking(n)], lambda codes: self._proposals.space.decode(codes))[0]

    def asking(self, n: int) -> Decoding[list[str]]:
        """`ask` as a generator that yields codes and is sent their strings, so that the codes of many searches can be
        decoded in one call, by `candidates.decode_jointly`.
        """
        within(batch=n)
        rows = self.journal.rows()
        waiting = [row.string for row in rows if row.status == "asked"]
        if waiting:
            return waiting
        self._retrain()
        number = _next_round(rows)
        if number == 0 and self.settings.start:
            proposed = self._proposals.encoded(self.settings.first_strings)
        else:
            proposed = yield from self._proposals.propose(n, number, rows)
        self.journal.propose(number, self._proposals.generation, *proposed)
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
        strings = given.filled(strings)
        values = np.atleast_1d(np.asarray(values, dtype=float))
        if values.shape != (len(strings),):
            raise DataError(
                f"{len(strings)} strings and values of shape {values.shape}; expected one number each"
            )
        rows = self.journal.rows()
        status = {row.string: row.status for row in rows}
        old = next((string for string in strings if status.get(string, "asked") != "asked"), None)
        if old is not None:
            raise DataError(f"{old} has been told already, as {status[old]}")
        own = [string for string in dict.fromkeys(strings) if string not in status]
        if own:
            encoded = self._proposals.encoded(own)
            self.journal.propose(_next_round(rows), self._proposals.generation, *encoded)
        self.journal.tell(strings, values.tolist(), reasons or {})

    def run(
        self,
        budget: int,
        *,
        at_once: int = 1,
        report: Callable[[Round], None] | None = None,
    ) -> list[Evaluation]:
        """Ask, score and tell until `budget` evaluations are in the journal, or nothing new is found; `best()`.

        Scores are written down after every `at_once` strings. A score that raises counts as none; UserWarning where no
        string of the first round has one.
        """
        within(budget=budget, batch=at_once)
        if self.score is None:
            raise DataError("run needs a score; without one use ask and tell")
        while (done := self.evaluations) < budget:
            begun = time.monotonic()
            strings = self.ask(min(self.settings.batch, budget - done))
            if not strings:
                break
            for first in range(0, len(strings), at_once):
                part = strings[first : first + at_once]
                self.tell(part, *score_safely(self.score, part))
            if not done and (words := self.without_score()) and not self.best():
                warnings.warn(words, stacklevel=2)
            if report is not None:
                report(self._summary(time.monotonic() - begun))
        return self.best()

    @property
    def evaluations(self) -> int:
        """How many strings have been told, with a score or without."""
        return len(self.evaluated())

    def evaluated(self) -> list[Evaluation]:
        """Every string that has been told, with a score or without, in the order in which they were asked for."""
        return [row for row in self.journal.rows() if row.status in ("scored", "failed")]

    def best(self) -> list[Evaluation]:
        """Everything that has a score, best first, the earlier first among equals."""
        scored = [row for row in self.journal.rows() if row.status == "scored"]
        return sorted(scored, key=lambda row: (-row.score, row.number))

    def without_score(self) -> str:
        """How many strings have no score, and the commonest reason; "" where all have one."""
        rows = self.evaluated()
        reasons = Counter(row.reason for row in rows if row.status == "failed")
        if not reasons:
            return ""
        (reason, count), failed = reasons.most_common(1)[0], reasons.total()
        name = "" if self.score is None or reason.startswith(self.score.name) else f"{self.score.name}: "
        often = "" if count == failed else f"{count:,} times "
        return f"{failed:,} of {len(rows):,} strings have no score; {often}{name}{reason or 'no value'}"

    def _summary(self, seconds: float) -> Round:
        rows = self.evaluated()
        scores = [row.score for row in rows if row.status == "scored"]
        best = max(scores, default=math.nan)
        return Round(rows[-1].round, len(rows), best, len(scores) / len(rows), seconds)

    def _retrain(self) -> None:
        """Retrain once for every `retrain_every` evaluations, each time on what was known when that was reached."""
        retrain, every = self.settings.retrain, self.settings.retrain_every
        if retrain is None or every is None:
            return
        rows = self.evaluated()
        while self._proposals.generation < len(rows) // every:
            generation = self._proposals.generation + 1
            last = rows[generation * every - 1].round
            known = [row for row in rows if row.round <= last]
            values = np.array([row.score for row in known])
            expected = partial(self._proposals.expected, known, last)
            space = Space(*retrain([row.string for row in known], values, expected, generation))
            self._proposals = replace(self._proposals, space=space, generation=generation)


def _next_round(rows: list[Evaluation]) -> int:
    """The number of the round after those of a journal's rows, from 0."""
    return 1 + max((row.round for row in rows), default=-1)
