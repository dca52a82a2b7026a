"""Where in the latent space the search looks.

A region has `bounds` (2, D), the box that a gradient search is held in; `width` (D,), its natural scale; `inside(z)`
(n,); `draw(n, seed)`, codes in it; and `at(rounds, initial)`, the region of the next round,
given what every round found and that a search begins with `initial` draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch

from grammar_rae.noise import Noise

DRAWS = 10_000
PERTURBED = 20  # coordinates moved at once, on average


class Found(NamedTuple):
    """One finished round: codes (n, D) and values (n,) of what was evaluated in it."""

    z: np.ndarray
    y: np.ndarray


class Region(Protocol):
    bounds: np.ndarray
    width: np.ndarray
    since: int  # rounds before this one do not count: the search began anew

    def inside(self, z: np.ndarray) -> np.ndarray: ...
    def draw(self, n: int, seed: int) -> np.ndarray: ...
    def at(self, rounds: Sequence[Found], initial: int) -> Region: ...


class Box:
    """The bounding box low, high (D,) of the codes: where the papers search. Draws are uniform."""

    since = 0

    def __init__(self, low: np.ndarray, high: np.ndarray) -> None:
        self.bounds = np.stack([np.asarray(low, float), np.asarray(high, float)])
        self.width = self.bounds[1] - self.bounds[0]

    @classmethod
    def around(cls, z: np.ndarray) -> Box:
        """The box of codes z (n, D)."""
        return cls(z.min(0), z.max(0))

    def inside(self, z: np.ndarray) -> np.ndarray:
        return ((z >= self.bounds[0]) & (z <= self.bounds[1])).all(-1)

    def draw(self, n: int, seed: int) -> np.ndarray:
        return self.bounds[0] + self.width * np.random.default_rng(seed).random((n, len(self.width)))

    def at(self, rounds: Sequence[Found], initial: int) -> Box:
        return self


class HighDensity:
    """Where an ex-post density is at least as high as at the share `share` of its codes: where the decoder was trained.

    `density()` gives a distribution with `log_prob` and `sample(noise)`, as those of `grammar_rae.densities`.
    The quantile, the bounds and the width (four standard deviations) are taken over `codes`, or 10,000 draws.
    """

    since = 0

    def __init__(
        self, density: Callable[[], Any], codes: np.ndarray | None = None, share: float = 0.95
    ) -> None:
        self._density = density
        z = self._sample(DRAWS, 0) if codes is None else np.asarray(codes, float)
        logs = self._log_prob(z)
        self.least = float(np.quantile(logs, 1 - share))
        kept = z[logs >= self.least]
        self.bounds = np.stack([kept.min(0), kept.max(0)])
        self.width = 4 * z.std(0)

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
        """Draws of the density, those outside left out."""
        return _kept(self._sample, self.inside, n, seed)

    def at(self, rounds: Sequence[Found], initial: int) -> HighDensity:
        return self


@dataclass
class Local:
    """A box of sides `length` · width around `centre`, cut by the outer region.

    A draw moves some coordinates of the centre, about 20 of them, to a Sobol point of the box and keeps the others:
    TuRBO's candidates (Eriksson et al. 2019).
    """

    outer: Region
    centre: np.ndarray
    length: float
    since: int
    width: np.ndarray = field(init=False)
    bounds: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.width = self.outer.width
        half = self.length / 2 * self.width
        low = np.minimum(self.outer.bounds[0], self.centre)  # a start may lie outside
        high = np.maximum(self.outer.bounds[1], self.centre)
        self.bounds = np.stack([np.maximum(self.centre - half, low), np.minimum(self.centre + half, high)])

    def inside(self, z: np.ndarray) -> np.ndarray:
        within = ((z >= self.bounds[0]) & (z <= self.bounds[1])).all(-1)
        return within & self.outer.inside(z) if self.outer.inside(self.centre[None])[0] else within

    def draw(self, n: int, seed: int) -> np.ndarray:
        return _kept(self._perturbed, self.inside, n, seed)

    def _perturbed(self, n: int, seed: int) -> np.ndarray:
        from torch.quasirandom import SobolEngine

        size = len(self.centre)
        points = SobolEngine(size, scramble=True, seed=seed % 2**31).draw(n, dtype=torch.float64).numpy()
        points = self.bounds[0] + points * (self.bounds[1] - self.bounds[0])
        random = np.random.default_rng(seed)
        moved = random.random((n, size)) < min(1.0, PERTURBED / size)
        moved[np.arange(n), random.integers(size, size=n)] = True
        return np.where(moved, points, self.centre)

    def at(self, rounds: Sequence[Found], initial: int) -> Region:
        return self


class TrustRegion:
    """A box around the best code that doubles after `successes` rounds with gain and halves after `failures` without.

    TuRBO-1 (Eriksson et al. 2019): starts at `length`, begins anew below `shortest`. Lengths are shares of the outer
    region's width. We leave its sides unscaled by the surrogate's length scales, and begin around `start` where one
    is given, else anywhere in the outer region. A gain is one of more than a thousandth of the best value.
    """

    since = 0

    def __init__(
        self,
        outer: Region,
        start: np.ndarray | None = None,
        length: float = 0.8,
        shortest: float = 0.8 / 2**6,
        longest: float = 1.6,
        successes: int = 3,
        failures: int | None = None,
    ) -> None:
        self.outer, self.start = outer, start
        self.length, self.shortest, self.longest = length, shortest, longest
        self.successes, self.failures = successes, failures
        self.bounds, self.width = outer.bounds, outer.width

    def inside(self, z: np.ndarray) -> np.ndarray:
        return self.outer.inside(z)

    def draw(self, n: int, seed: int) -> np.ndarray:
        return self.at([], 0).draw(n, seed)

    def at(self, rounds: Sequence[Found], initial: int) -> Region:
        """The rules replayed over what the rounds found: no state but theirs."""
        length, best, centre, gains, losses, since, count = self.length, -math.inf, self.start, 0, 0, 0, 0
        for number, (z, y) in enumerate(rounds):
            top = float(np.max(y, initial=-math.inf))
            gained = top > best + 1e-3 * abs(best) if math.isfinite(best) else math.isfinite(top)
            if count >= initial:
                gains, losses = (gains + 1, 0) if gained else (0, losses + 1)
            count += len(y)
            if top > best:
                best, centre = top, z[int(np.argmax(y))]
            allowed = self.failures or math.ceil(max(4.0, len(self.width)) / max(len(y), 1))
            if gains == self.successes:
                length, gains = min(2 * length, self.longest), 0
            elif losses == allowed:
                length, losses = length / 2, 0
            if length < self.shortest:
                length, best, centre, since, count = self.length, -math.inf, self.start, number + 1, 0
        if centre is None or (count < initial and self.start is None):
            return _Anew(self.outer, since)
        return Local(self.outer, centre, length, since)


class _Anew:
    """The outer region, where the search begins anew."""

    def __init__(self, outer: Region, since: int) -> None:
        self.outer, self.since = outer, since
        self.bounds, self.width = outer.bounds, outer.width
        self.inside, self.draw = outer.inside, outer.draw

    def at(self, rounds: Sequence[Found], initial: int) -> Region:
        return self


def _kept(
    draw: Callable[[int, int], np.ndarray], inside: Callable[[np.ndarray], np.ndarray], n: int, seed: int
) -> np.ndarray:
    """n draws inside; after 20 tries the rest comes as drawn."""
    kept: list[np.ndarray] = []
    for attempt in range(20):
        z = draw(n, seed + attempt * 1_000_003)
        kept.append(z[inside(z)])
        if sum(map(len, kept)) >= n:
            break
    return np.concatenate([*kept, z])[:n]
