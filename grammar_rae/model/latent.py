"""Points of latent space: on the way from one code to another, and around one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grammar_rae.errors import DataError
from grammar_rae.limits.ranges import within

Codes = NDArray[np.float32]
PATHS = ("straight", "spherical")


def between(a: Codes, b: Codes, steps: int, path: str = "straight") -> Codes:
    """(steps, D) codes from a (D,) to b (D,), ends included, evenly spaced along the path.

    `straight` is the line. `spherical` turns about the origin at an even rate (Shoemake 1985, White 2016), which keeps
    the length of codes that lie on a shell, as those of a prior N(0, I) in many dimensions; the two agree where the
    codes point the same way. DataError: steps out of range, another path.
    """
    within(steps=steps)
    if path not in PATHS:
        raise DataError(f"no path {path!r}; there are {', '.join(PATHS)}")
    share = np.linspace(0, 1, steps)[:, None]
    first, last = np.asarray(a, float), np.asarray(b, float)
    lengths = np.linalg.norm(first) * np.linalg.norm(last)
    angle = np.arccos(np.clip(first @ last / lengths, -1, 1)) if lengths else 0.0
    if path == "straight" or np.sin(angle) < 1e-6:
        codes = (1 - share) * first + share * last
    else:
        codes = (np.sin((1 - share) * angle) * first + np.sin(share * angle) * last) / np.sin(angle)
    return codes.astype(np.float32)


def around(
    centre: Codes, factor: NDArray[np.floating], n: int, radius: float, seed: int = 0
) -> tuple[Codes, NDArray[np.float64]]:
    """n codes (n, D) around the centre (D,), nearest first, and their distances (n,), evenly spaced up to `radius`.

    Directions are drawn from the Gaussian whose covariance has the Cholesky factor `factor` (D, D). A distance is
    Mahalanobis's with that covariance over the square root of D: where the covariance is that of a model's codes, 1 is
    as far as a code commonly lies from their mean. DataError for numbers out of range.
    """
    within(n=n, radius=radius, seed=seed)
    distances = radius * np.arange(1, n + 1) / n
    steps = np.random.default_rng(seed).standard_normal((n, len(centre)))
    steps *= (distances * np.sqrt(len(centre)) / np.linalg.norm(steps, axis=1))[:, None]
    return (centre + steps @ np.asarray(factor, float).T).astype(np.float32), distances
