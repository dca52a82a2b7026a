"""Where in the latent space the search looks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch

from grammar_rae.noise import Noise

DRAWS = 10_000  # codes by which a region is measured
TRIES = 20  # draws of a density before codes outside its region are taken


class RoundResult(NamedTuple):
    """One finished round: codes (n, D) of what was evaluated in it, and values (n,), −∞ where there is no score."""

    codes: np.ndarray
    values: np.ndarray


class Region(Protocol):
    """A part of the latent space, from which codes are drawn."""

    @property
    def scale(self) -> np.ndarray:
        """(D,) the standard deviation of codes in it."""

    @property
    def incumbent(self) -> float | None:
        """The value that an evaluation should improve on; None: the best of all."""

    def draw(self, n: int, seed: int) -> np.ndarray:
        """n codes (n, D), the same for the same seed."""

    def near(self, best: np.ndarray) -> Region:
        """The same kind of region around other codes (k, D); itself where it has no centre."""

    def at(self, rounds: Sequence[RoundResult], initial: int) -> Region:
        """The region of the next round, after `rounds` of a search that begins with `initial` draws."""


class BoxRegion:
    """The box between the corners low and high (D,): where the papers search (Kusner et al. 2017). Uniform draws."""

    incumbent = None

    def __init__(self, low: np.ndarray, high: np.ndarray) -> None:
        self.bounds = np.stack([np.asarray(low, float), np.asarray(high, float)])
        self.width = self.bounds[1] - self.bounds[0]
        self.scale = self.width / math.sqrt(12)

    @classmethod
    def around(cls, codes: np.ndarray) -> BoxRegion:
        """The bounding box of codes (n, D)."""
        return cls(codes.min(0), codes.max(0))

    def inside(self, codes: np.ndarray) -> np.ndarray:
        """(n,) bool: which of the codes (n, D) lie in it."""
        return ((codes >= self.bounds[0]) & (codes <= self.bounds[1])).all(-1)

    def draw(self, n: int, seed: int) -> np.ndarray:
        """n codes (n, D), uniform in the box."""
        return self.bounds[0] + self.width * np.random.default_rng(seed).random((n, len(self.width)))

    def near(self, best: np.ndarray) -> BoxRegion:
        """Itself: a box has no centre."""
        return self

    def at(self, rounds: Sequence[RoundResult], initial: int) -> BoxRegion:
        """Itself: a box stays where it is."""
        return self


class HighDensity:
    """Where an ex-post density is at least as high as at the share `share` of its codes: where the decoder was trained.

    `density()` gives a distribution with `log_prob` and `sample(noise)`, as those of `grammar_rae.densities`.
    The quantile and the scale are taken over `codes` (n, D), or over 10,000 draws.
    """

    incumbent = None

    def __init__(
        self, density: Callable[[], Any], codes: np.ndarray | None = None, share: float = 0.95
    ) -> None:
        self._density = density
        codes = self._sample(DRAWS, 0) if codes is None else np.asarray(codes, float)
        self.least = float(np.quantile(self._log_prob(codes), 1 - share))
        self.scale = codes.std(0)

    def _sample(self, n: int, seed: int) -> np.ndarray:
        with torch.no_grad():
            codes: np.ndarray = self._density().sample(Noise.first(seed, n)).double().cpu().numpy()
        return codes

    def _log_prob(self, codes: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            nats: np.ndarray = (
                self._density().log_prob(torch.as_tensor(codes, dtype=torch.float32)).cpu().numpy()
            )
        return nats

    def inside(self, codes: np.ndarray) -> np.ndarray:
        """(n,) bool: which of the codes (n, D) lie in it."""
        return self._log_prob(codes) >= self.least

    def draw(self, n: int, seed: int) -> np.ndarray:
        """Draws of the density, those outside left out; after 20 tries the rest comes as drawn."""
        kept: list[np.ndarray] = []
        for attempt in range(TRIES):
            codes = self._sample(n, seed + attempt * 1_000_003)
            kept.append(codes[self.inside(codes)])
            if sum(map(len, kept)) >= n:
                break
        return np.concatenate([*kept, codes])[:n]

    def near(self, best: np.ndarray) -> HighDensity:
        """Itself: a density has no centre."""
        return self

    def at(self, rounds: Sequence[RoundResult], initial: int) -> HighDensity:
        """Itself: a density stays as it was fitted."""
        return self
