"""Different items around the code of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from grammar_rae.chance import DRAWS
from grammar_rae.distributions.mixtures import MixtureDistribution
from grammar_rae.limits.ranges import within
from grammar_rae.memory import require
from grammar_rae.model.decoding import decoded_items
from grammar_rae.model.latent import around
from grammar_rae.model.rungs import part_of, with_rung

if TYPE_CHECKING:
    from grammar_rae.model.model import Model


def items_near(
    model: Model, item: Any, n: int, radius: float, seed: int, rung: int | None = None
) -> pd.DataFrame:
    """Up to n items, nearest first, as `Model.neighbours`."""
    within(n=n, radius=radius, seed=seed, rung=rung)
    task = model.run.task
    draws = DRAWS * n if task.medium.gaps else n  # hardly two codes have the same image
    require(draws * (5 * 8 * model.latent + 1000), f"the {draws:,} codes of {n:,} neighbours")
    gaussian = model.density("gaussian")()
    assert isinstance(gaussian, MixtureDistribution)
    factor, code = gaussian.factors[0].cpu().numpy(), model.encode([item])[0]
    if rung is None:
        z, distances = around(code, factor, draws, radius, seed)
    else:
        part = part_of(model, rung)
        own = np.linalg.cholesky(factor[part] @ factor[part].T)
        others, distances = around(code[part], own, draws, radius, seed)
        z = with_rung(model, code, rung, others)
    items = decoded_items(model, z, raw=True)
    forms = task.canonical(items)
    first: dict[str | None, int] = {}
    for place, form in enumerate(forms):
        first.setdefault(form, place)
    for left_out in (None, *task.canonical([item])):
        first.pop(left_out, None)
    places = list(first.values())[:n]
    values = items if task.spelling is None else forms
    return pd.DataFrame({task.medium.word: [values[i] for i in places], "distance": distances[places]})
