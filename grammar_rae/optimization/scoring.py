"""A user's score, called so that nothing it does stops a run."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from grammar_rae.errors import DataError

Score = Callable[[list[str]], np.ndarray]


def scored(score: Score, strings: list[str]) -> tuple[list[float], dict[str, str]]:
    """Scores, NaN for strings whose score raises, one by one where a batch does; and the reasons."""
    try:
        values = np.asarray(score(strings), dtype=float)
    except Exception as error:
        if len(strings) == 1:
            return [math.nan], {strings[0]: f"{type(error).__name__}: {error}"}
        parts = [scored(score, [string]) for string in strings]
        return [values[0] for values, _ in parts], {k: v for _, why in parts for k, v in why.items()}
    if values.shape != (len(strings),):
        raise DataError(
            f"the score of {len(strings)} strings has shape {values.shape}; expected one number each"
        )
    return [float(value) for value in values], dict(getattr(score, "failures", {}))
