"""Ask and tell: strings to evaluate, their scores back, and a loop for those who need no more.

A round is a pure function of the journal before it, the seed and its number: a run that was killed goes on and
ends with the journal of one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from grammar_rae.errors import DataError
from grammar_rae.optimization import acquisition as acquisitions
from grammar_rae.optimization import surrogates
from grammar_rae.optimization.journal import Evaluation, Journal, Status
from grammar_rae.optimization.regions import Found, Region

Encode = Callable[[Sequence[str]], np.ndarray]
Decode = Callable[[np.ndarray], Sequence[str]]
Score = Callable[[list[str]], np.ndarray]
Space = tuple[Encode, Decode, Region]
Retrain = Callable[[list[str], np.ndarray, int], Space]


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

    surrogate    «exact», «sparse», or an object with `fit(z, y, seed)`
    acquisition  «thompson», «logei» or «believer»
    batch        strings a round
    initial      strings drawn from the region before the surrogate is asked
    start        strings evaluated before all others
    known        (codes (n, D), values (n,)): labels at hand, not evaluated and not counted
    feasible     strings → (n,) bool: the others are written down as infeasible, not scored and not counted
    retrain      (strings, values, generation) → (encode, decode, region), after every `retrain_every` evaluations
    journal      a file that keeps every evaluation; the same file goes on with the run
    about        whatever else the run depends on (names of model and score), to refuse another run's journal
    attempts     times a round is proposed again where its strings were seen before or are infeasible; in the second
                 half of them codes are plain draws of the region

    A string is evaluated once. One without a score (NaN), or infeasible, is to the surrogate as bad as the worst
    score seen. DataError where the journal was written with other settings, or a name is unknown.
    """

    def __init__(
        self,
        encode: Encode,
        decode: Decode,
        score: Score | None,
        region: Region,
        *,
        surrogate: Any = "exact",
        acquisition: str = "thompson",
        batch: int = 10,
        initial: int = 50,
        start: Sequence[str] = (),
        known: tuple[np.ndarray, np.ndarray] | None = None,
        feasible: Callable[[list[str]], np.ndarray] | None = None,
        retrain: Retrain | None = None,
        retrain_every: int | None = None,
        journal: str | Path | None = None,
        about: Mapping[str, Any] | None = None,
        attempts: int = 8,
        seed: int = 0,
    ) -> None:
        for name, value in {"batch": batch, "initial": initial, "attempts": attempts}.items():
            if value < 1:
                raise DataError(f"{name} {value}; expected 1 or more")
        if (retrain is None) != (retrain_every is None) or (retrain_every is not None and retrain_every < 1):
            raise DataError(f"retrain_every {retrain_every}; expected 1 or more, and a way to retrain")
        surrogates.require()
        self.score, self.batch, self.initial, self.attempts, self.seed = score, batch, initial, attempts, seed
        self._surrogate = surrogates.named(surrogate) if isinstance(surrogate, str) else surrogate
        self._acquire = acquisitions.named(acquisition)
        self._start, self._feasible = list(dict.fromkeys(start)), feasible
        self._known = None if known is None else (np.asarray(known[0], float), np.asarray(known[1], float))
        self._retrain, self._every = retrain, retrain_every
        self._space: Space = encode, decode, region
        self._generation = 0
        self._codes: dict[str, np.ndarray] = {}  # of older generations' strings, by the model in use
        settings = {
            "surrogate": repr(self._surrogate),
            "acquisition": acquisition,
            "batch": batch,
            "initial": initial,
            "start": self._start,
            "known": 0 if known is None else len(known[1]),
            "retrain_every": retrain_every,
            "attempts": attempts,
            "seed": seed,
        }
        self.journal = Journal(journal, {**settings, **(about or {})})

    def ask(self, n: int) -> list[str]:
        """The strings of a new round: at most n, none of them seen before; fewer, or none, where the attempts gave
        out. While an earlier round waits for scores, the strings it waits for.
        """
        rows = self.journal.rows()
        waiting = [row.string for row in rows if row.status == "asked"]
        if waiting:
            return waiting
        number = 1 + max((row.round for row in rows), default=-1)
        self._catch_up(rows)
        proposed = self._first() if number == 0 and self._start else self._propose(n, number, rows)
        self.journal.propose(number, self._generation, proposed)
        return [string for string, status, _ in proposed if status == "asked"]

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
                self.tell(part, *_scored(self.score, part))
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

    def _first(self) -> list[tuple[str, Status, np.ndarray]]:
        """The start strings."""
        codes = self._space[0](self._start)
        if np.isnan(codes).any():
            bad = self._start[int(np.isnan(codes).any(1).argmax())]
            raise DataError(f"start {bad}: it cannot be encoded")
        return [(string, "asked", code) for string, code in zip(self._start, codes, strict=True)]

    def _adopt(self, strings: list[str]) -> None:
        rows = self.journal.rows()
        codes = self._space[0](strings)
        if np.isnan(codes).any():
            raise DataError(f"{strings[int(np.isnan(codes).any(1).argmax())]}: it cannot be encoded")
        number = 1 + max((row.round for row in rows), default=-1)
        self.journal.propose(
            number, self._generation, [(s, "asked", z) for s, z in zip(strings, codes, strict=True)]
        )

    def _propose(self, n: int, number: int, rows: list[Evaluation]) -> list[tuple[str, Status, np.ndarray]]:
        """At most n new strings to ask for, and the infeasible ones met on the way."""
        _, decode, outer = self._space
        rounds = self._rounds(rows)
        region = outer.at(rounds, self.initial)
        recent = rounds[region.since :]
        enough = sum(len(found.y) for found in recent) >= self.initial
        model, best = self._fitted(recent, number) if enough or self._known is not None else (None, math.nan)
        seen = {row.string for row in rows}
        proposed: list[tuple[str, Status, np.ndarray]] = []
        tried = np.zeros((0, len(region.width)))
        for attempt in range(self.attempts):
            wanted = n - sum(status == "asked" for _, status, _ in proposed)
            if wanted == 0:
                break
            seed = _seed(self.seed, number, attempt)
            if model is None or attempt >= math.ceil(self.attempts / 2):
                z = region.draw(2 * wanted, seed)
            else:
                z = self._acquire(model, region, wanted, best, tried, seed)
            tried = np.concatenate([tried, z])
            fresh: dict[str, np.ndarray] = {}
            for string, code in zip(decode(z), z, strict=True):
                if string not in seen:
                    fresh.setdefault(string, code)
            strings = list(fresh)
            allowed = self._feasible(strings) if self._feasible and strings else [True] * len(strings)
            for string, ok in zip(strings, allowed, strict=True):
                if ok and wanted == 0:
                    continue
                wanted -= bool(ok)
                seen.add(string)
                proposed.append((string, "asked" if ok else "infeasible", fresh[string]))
        return proposed

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
                parts[row.round][1].append(row.score if row.status == "scored" else -math.inf)
        size = len(self._space[2].width)
        return [Found(np.array(z, float).reshape(-1, size), np.array(y, float)) for z, y in parts]

    def _fitted(self, rounds: Sequence[Found], number: int) -> tuple[Any, float]:
        """The surrogate of all values, and the best of them; None where fewer than two have one."""
        z, y = [found.z for found in rounds], [found.y for found in rounds]
        if self._known is not None:
            z, y = [self._known[0], *z], [self._known[1], *y]
        codes, values = np.concatenate(z), np.concatenate(y)
        finite = np.isfinite(values)
        if finite.sum() < 2:
            return None, math.nan
        values = np.where(finite, values, values[finite].min())
        return self._surrogate.fit(codes, values, _seed(self.seed, number, -1)), float(values.max())

    def _catch_up(self, rows: list[Evaluation]) -> None:
        """Retrain once for every `retrain_every` evaluations, each time on what was known when that was reached."""
        if self._retrain is None or self._every is None:
            return
        told = [row for row in rows if row.status in ("scored", "failed")]
        while self._generation < len(told) // self._every:
            self._generation += 1
            last = told[self._generation * self._every - 1].round
            known = [row for row in told if row.round <= last]
            values = np.array([row.score for row in known])
            self._space = self._retrain([row.string for row in known], values, self._generation)
            self._codes = {}


def _seed(seed: int, number: int, attempt: int) -> int:
    """One of 2³¹ seeds for every round and attempt."""
    return int(np.random.SeedSequence([seed, number, attempt + 1]).generate_state(1)[0] >> 1)


def _scored(score: Score, strings: list[str]) -> tuple[list[float], dict[str, str]]:
    """Scores, NaN for strings whose score raises, one by one where a batch does; and the reasons."""
    try:
        values = np.asarray(score(strings), dtype=float)
    except Exception as error:
        if len(strings) == 1:
            return [math.nan], {strings[0]: f"{type(error).__name__}: {error}"}
        parts = [_scored(score, [string]) for string in strings]
        return [values[0] for values, _ in parts], {k: v for _, why in parts for k, v in why.items()}
    if values.shape != (len(strings),):
        raise DataError(
            f"the score of {len(strings)} strings has shape {values.shape}; expected one number each"
        )
    return [float(value) for value in values], dict(getattr(score, "failures", {}))
