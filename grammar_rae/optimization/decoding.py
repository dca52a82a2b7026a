"""From codes to strings by voting: the most frequent of several draws (the published protocol draws 25 or 500)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

Draw = Callable[[np.ndarray, int], Sequence[str]]


def most_frequent(
    draw: Draw, times: int, forms: Callable[[Sequence[str]], Sequence[str | None]]
) -> Callable[[np.ndarray], list[str]]:
    """`decode(codes)`: of `times` strings drawn from each code (`draw(codes, seed) → strings`), the most frequent
    valid one in the spelling of `forms` (None: not valid), the first met among equals; «» where none is valid.
    """

    def decode(codes: np.ndarray) -> list[str]:
        drawn = forms(draw(np.repeat(codes, times, axis=0), 0))
        found = []
        for first in range(0, len(drawn), times):
            votes = Counter(text for text in drawn[first : first + times] if text is not None)
            found.append(votes.most_common(1)[0][0] if votes else "")
        return found

    return decode
