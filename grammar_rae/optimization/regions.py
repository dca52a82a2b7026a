"""Where in the latent space the search looks.

A region has `scale` (D,), a standard deviation of codes in it; `draw(n, seed)`, codes to decode;
`at(rounds, initial)`, the region of the next round, given what every round found and that a search begins with
`initial` draws; `near(best)`, the same kind of region around other codes (k, D), where it has any; and `incumbent`, the
value to improve on where that is not the best of all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch

from grammar_rae.noise import Noise

DRAWS = 10_000


class Found(NamedTuple):
    """One finished round: codes (n, D) and values (n,) of what was evaluated in it."""

    z: np.ndarray
    y: np.ndarray


class Region(Protocol):
    scale: np.ndarray
    incumbent: float | None = None

    def draw(self, n: int, seed: int) -> np.ndarray: ...

    def near(self, best: np.ndarray) -> Region:
        return self

    def at(self, rounds: Sequence[Found], initial: int) -> Region:
        return self


class Box(Region):
    """The bounding box low, high (D,) of the codes: where the papers search. Draws are uniform."""

    def __init__(self, low: np.ndarray, high: np.ndarray) -> None:
        self.bounds = np.stack([np.asarray(low, float), np.asarray(high, float)])
        self.width = self.bounds[1] - self.bounds[0]
        self.scale = self.width / math.sqrt(12)

    @classmethod
    def around(cls, z: np.ndarray) -> Box:
        """The box of codes z (n, D)."""
        return cls(z.min(0), z.max(0))

    def inside(self, z: np.ndarray) -> np.ndarray:
        return ((z >= self.bounds[0]) & (z <= self.bounds[1])).all(-1)

    def draw(self, n: int, seed: int) -> np.ndarray:
        return self.bounds[0] + self.width * np.random.default_rng(seed).random((n, len(self.width)))


class HighDensity(Region):
    """Where an ex-post density is at least as high as at the share `share` of its codes: where the decoder was trained.

    `density()` gives a distribution with `log_prob` and `sample(noise)`, as those of `grammar_rae.densities`.
    The quantile and the scale are taken over `codes`, or 10,000 draws.
    """

    def __init__(
        self, density: Callable[[], Any], codes: np.ndarray | None = None, share: float = 0.95
    ) -> None:
        self._density = density
        z = self._sample(DRAWS, 0) if codes is None else np.asarray(codes, float)
        self.least = float(np.quantile(self._log_prob(z), 1 - share))
        self.scale = z.std(0)

    def _sample(self, n: int, seed: int) -> np.ndarray:
        with torch.no_grad():
            z: np.ndarray = self._density().sample(Noise.first(seed, n)).double().cpu().numpy()
        return z

    def _log_prob(self, z: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            found: np.ndarray = (
                self._density().log_prob(torch.as_tensor(z, dtype=torch.float32)).cpu().numpy()
            )
        return found

    def inside(self, z: np.ndarray) -> np.ndarray:
        return self._log_prob(z) >= self.least

    def draw(self, n: int, seed: int) -> np.ndarray:
        """Draws of the density, those outside left out; after 20 tries the rest comes as drawn."""
        kept: list[np.ndarray] = []
        for attempt in range(20):
            z = self._sample(n, seed + attempt * 1_000_003)
            kept.append(z[self.inside(z)])
            if sum(map(len, kept)) >= n:
                break
        return np.concatenate([*kept, z])[:n]
