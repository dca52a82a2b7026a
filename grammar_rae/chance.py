"""Items chosen by chance: the same ones for the same seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DRAWS = 20  # for each of the distinct items asked for; drawing stops then, though there be fewer


def permutation(count: int, seed: int) -> NDArray[np.int64]:
    """The indices of `count` items in a random order."""
    return np.random.default_rng(seed).permutation(count)


def subset(count: int, at_most: int, seed: int) -> NDArray[np.int64]:
    """The indices, in ascending order, of `at_most` of `count` items; of all where there are no more."""
    return np.sort(permutation(count, seed)[:at_most])
