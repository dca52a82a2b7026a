"""(μ + λ) evolution in latent space: the best codes met so far beget the next ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grammar_rae.errors import DataError

Codes = NDArray[np.floating]
BEYOND = 0.25  # how far past its parents a child on their line may lie, as a share of the line
STEPS = 0.05, 0.5  # least and largest step of a mutation, in standard deviations


@dataclass(frozen=True)
class EvolutionSettings:
    """Sizes of a search, which decodes `children` codes in each of its `generations`."""

    parents: int = 100
    children: int = 200
    generations: int = 50


class Pool:
    """Distinct strings, each scored once, best first, with the code (D,) that wrote it, NaN where none did."""

    def __init__(self, score: Callable[[list[str]], Sequence[float | None]], latent: int) -> None:
        self._score = score
        self._met: set[str] = set()
        self.strings: list[str] = []
        self.scores: NDArray[np.float64] = np.zeros(0)
        self.codes: Codes = np.zeros((0, latent))

    def add(self, strings: Sequence[str | None], codes: Codes) -> None:
        """Score the new ones among the strings of codes (n, D); None, and what has no finite score, is left out."""
        places: dict[str, int] = {}  # of new strings, where each comes first
        for place, string in enumerate(strings):
            if string is not None and string not in self._met:
                places.setdefault(string, place)
        if not places:
            return
        self._met |= places.keys()
        new = np.array([np.nan if s is None else s for s in self._score(list(places))], dtype=float)
        scores = np.concatenate([self.scores, new])
        every = [*self.strings, *places]
        order = np.argsort(-scores, kind="stable")[: np.isfinite(scores).sum()]
        self.scores = scores[order]
        self.codes = np.concatenate([self.codes, codes[list(places.values())]])[order]
        self.strings = [every[i] for i in order]

    def parents(self, count: int) -> Codes:
        """The codes of the best `count` strings that have one."""
        return self.codes[np.isfinite(self.codes).all(1)][:count]


def evolve(
    pool: Pool,
    decode: Callable[[Codes], Sequence[str | None]],
    scale: NDArray[np.floating],
    settings: EvolutionSettings,
    seed: int,
) -> None:
    """Fill a pool that was begun. `decode`: codes (n, D) → strings, None for those of no use. `scale` (D,) is the
    standard deviation of codes where the model is at home. DataError where the pool has nothing to begin with.

    Half of the children lie on the line through two parents (extended line recombination, Mühlenbein and
    Schlierkamp-Voosen 1993), half are a parent moved by Gaussian noise, its size drawn anew for each child,
    log-uniformly, so that none has to be tuned.
    """
    rng = np.random.default_rng(seed)
    for _ in range(settings.generations):
        parents = pool.parents(settings.parents)
        if not len(parents):
            raise DataError("no string to begin with has a finite score; look at the scoring function")
        z = np.concatenate(
            [
                _between(parents, settings.children // 2, rng),
                _near(parents, scale, settings.children - settings.children // 2, rng),
            ]
        )
        pool.add(decode(z), z)


def _between(parents: Codes, count: int, rng: np.random.Generator) -> Codes:
    a, b = parents[rng.integers(len(parents), size=(2, count))]
    return a + rng.uniform(-BEYOND, 1 + BEYOND, (count, 1)) * (b - a)


def _near(parents: Codes, scale: NDArray[np.floating], count: int, rng: np.random.Generator) -> Codes:
    steps = np.exp(rng.uniform(np.log(STEPS[0]), np.log(STEPS[1]), (count, 1)))
    return parents[rng.integers(len(parents), size=count)] + steps * scale * rng.standard_normal(
        (count, len(scale))
    )
