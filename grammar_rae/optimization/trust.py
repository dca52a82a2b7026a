"""A trust region: codes around the best ones so far, nearer or farther as the search gains or not."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from grammar_rae.optimization.regions import Region, RoundResult

ELITE = 20  # codes that others are bred from
NEAREST = 0.1  # the shortest step, in lengths
ANYWHERE = 0.1  # share of draws from the outer region
CROSSED = 2 / 3  # share of the others that come from several codes
REST = 0.15  # step of what comes from several codes, in standard deviations


class Around:
    """Codes near `best` (k, D), the best first, and between them.

    The code on rank r is taken with a weight of 1 / (r + 2). A third of the draws are steps from one, their lengths
    log-uniform from a tenth of `length` to `reach` times it, in standard deviations a dimension; two thirds come from
    several, in equal parts on the line through two, with the coordinates of either, and from one by the difference of
    two others, which repeats a change that was good elsewhere; a tenth of all are draws of the outer region.
    """

    def __init__(
        self,
        outer: Region,
        best: np.ndarray,
        length: float,
        incumbent: float | None = None,
        reach: float = 1.0,
    ) -> None:
        self.outer, self.best, self.length, self.scale = outer, best, length, outer.scale
        self.incumbent, self.reach = incumbent, reach

    def draw(self, n: int, seed: int) -> np.ndarray:
        """n codes (n, D)."""
        random = np.random.default_rng(seed)
        chances = 1 / np.arange(2, len(self.best) + 2)
        first, second, third = random.choice(len(self.best), (3, n), p=chances / chances.sum())
        base, other, away = self.best[first], self.best[second], self.best[third]
        steps = self.length * np.exp(random.uniform(math.log(NEAREST), math.log(self.reach), (n, 1)))
        along = base + random.uniform(-0.3, 1, (n, 1)) * (other - base)
        mixed = np.where(random.random(base.shape) < 0.5, base, other)
        way = random.integers(3, size=(n, 1))
        between = np.select([way == 0, way == 1], [along, mixed], base + other - away)
        crossed = (random.random((n, 1)) < CROSSED) & (first != second)[:, None]
        noise = self.scale * random.standard_normal(base.shape)
        codes = np.where(crossed, between + REST * noise, base + steps * noise)
        anywhere = random.random(n) < ANYWHERE
        codes[anywhere] = self.outer.draw(n, seed)[: anywhere.sum()]
        return codes

    def near(self, best: np.ndarray) -> Around:
        """The same steps, from other codes (k, D)."""
        return Around(self.outer, best, self.length, self.incumbent, self.reach)

    def at(self, rounds: Sequence[RoundResult], initial: int) -> Around:
        """Itself: it is the region of one round."""
        return self


class TrustRegion:
    """Around the twenty best codes; the longest step doubles after `successes` rounds with gain and halves after
    `failures` without (TuRBO-1, Eriksson et al. 2019), and below `shortest` the search begins anew.

    Lengths are in standard deviations of the outer region. Ours: several centres, Gaussian steps and crossovers in
    place of one box. A search that begins anew keeps the surrogate of all values, and improves on its own best.
    It begins around `start` where one is given, else in the outer region. A gain is one of more than a thousandth
    of the best value. A `reach` above 1 adds longer steps (see `Around`).
    """

    incumbent = None

    def __init__(
        self,
        outer: Region,
        start: np.ndarray | None = None,
        length: float = 1.0,
        shortest: float = 0.25,
        longest: float = 2.0,
        successes: int = 3,
        failures: int = 5,
        reach: float = 1.0,
    ) -> None:
        self.outer, self.start, self.scale = outer, start, outer.scale
        self.length, self.shortest, self.longest = length, shortest, longest
        self.successes, self.failures, self.reach = successes, failures, reach

    def draw(self, n: int, seed: int) -> np.ndarray:
        """n codes (n, D) of the region that a search begins with."""
        return self.at([], 0).draw(n, seed)

    def near(self, best: np.ndarray) -> TrustRegion:
        """Itself: only the region of a round, which `at` gives, has centres."""
        return self

    def at(self, rounds: Sequence[RoundResult], initial: int) -> Region:
        """The rules, replayed over the results of all rounds: a region has no other state."""
        length, best, gains, losses, since, count = self.length, -math.inf, 0, 0, 0, 0
        for number, (_, values) in enumerate(rounds):
            top = float(np.max(values, initial=-math.inf))
            gained = top > best + 1e-3 * abs(best) if math.isfinite(best) else math.isfinite(top)
            if count >= initial:
                gains, losses = (gains + 1, 0) if gained else (0, losses + 1)
            count += len(values)
            best = max(best, top)
            if gains == self.successes:
                length, gains = min(2 * length, self.longest), 0
            elif losses == self.failures:
                length, losses = length / 2, 0
            if length < self.shortest:
                length, best, since, count = self.length, -math.inf, number + 1, 0
        if count < initial or not math.isfinite(best):
            if self.start is None:
                return self.outer
            return Around(self.outer, self.start[None], length, reach=self.reach)
        codes, values = (np.concatenate(parts) for parts in zip(*rounds[since:], strict=True))
        order = np.argsort(-values, kind="stable")[:ELITE]
        return Around(self.outer, codes[order[np.isfinite(values[order])]], length, best, self.reach)
