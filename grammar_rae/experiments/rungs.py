"""What a rung of a ladder holds: items written from codes of which one rung is drawn anew and the others stay."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from grammar_rae.model.model import Model
from grammar_rae.model.rungs import resampled, rungs


def varied_items(model: Model, codes: NDArray[np.float32], across: int, seed: int) -> dict[str, Any]:
    """Of each rung, the highest first, items in rows of `across`: what a code (n, D) decodes to, then with that rung
    drawn anew from the prior, alike for every code. Nothing of a model that is no ladder.
    """
    if rungs(model) == 1:
        return {}
    return {
        f"rung {rung} drawn anew, the others kept, beside the reconstruction": model.decode(
            np.concatenate(
                [
                    np.concatenate([code[None], resampled(model, code, rung, across - 1, seed=seed)])
                    for code in codes
                ]
            )
        )
        for rung in range(rungs(model), 0, -1)
    }


def varied_lists(
    model: Model, codes: NDArray[np.float32], times: int, seed: int
) -> dict[str, dict[str, list[str]]]:
    """`varied_items` of strings, `times` draws of each code: by title, then by what the code itself decodes to."""
    across = times + 1
    return {
        title: {items[i]: list(items[i + 1 : i + across]) for i in range(0, len(items), across)}
        for title, items in varied_items(model, codes, across, seed).items()
    }
