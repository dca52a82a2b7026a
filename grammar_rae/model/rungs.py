"""The parts of a ladder's codes: where each lies, and codes of which one part is another."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from grammar_rae.errors import DataError

if TYPE_CHECKING:
    from grammar_rae.model.model import Model

Codes = NDArray[np.float32]


def rungs(model: Model) -> int:
    """How many parts a model's codes have; one where it is no ladder."""
    return len(model.recipe.encoder.rungs or [model.latent])


def part_of(model: Model, rung: int) -> slice:
    """Where a rung, 1 the lowest, lies in a code. DataError where the model has none of that number."""
    sizes = model.recipe.encoder.rungs or [model.latent]
    if not 1 <= rung <= len(sizes):
        has = f"has {len(sizes)} rungs, 1 the lowest" if len(sizes) > 1 else "is no ladder, and has but one"
        raise DataError(f"rung {rung}: {model.recipe.name} {has}")
    end = list(accumulate(sizes))[rung - 1]
    return slice(end - sizes[rung - 1], end)


def with_rung(model: Model, code: Codes, rung: int, others: NDArray[np.floating]) -> Codes:
    """(n, D) a code (D,) n times, in each a rung, 1 the lowest, of one of the rows (n, R). DataError as `part_of`."""
    codes = np.tile(np.asarray(code, np.float32), (len(others), 1))
    codes[:, part_of(model, rung)] = others
    return codes


def resampled(
    model: Model, code: Codes, rung: int, n: int, density: str | None = "prior", seed: int = 0
) -> Codes:
    """(n, D) a code (D,) n times, a rung, 1 the lowest, drawn anew from a density and the others kept.

    The same seed draws the same for every code. Zhao, Song, Ermon 2017, section 5. DataError as `part_of`.
    """
    return with_rung(model, code, rung, model.sample_codes(n, density, seed)[:, part_of(model, rung)])
