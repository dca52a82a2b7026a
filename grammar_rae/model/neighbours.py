"""Different items around the code of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from grammar_rae.chance import DRAWS
from grammar_rae.distributions.mixtures import MixtureDistribution
from grammar_rae.model.decoding import decoded_items
from grammar_rae.model.latent import around

if TYPE_CHECKING:
    from grammar_rae.model.model import Model


def items_near(model: Model, item: Any, n: int, radius: float, seed: int) -> pd.DataFrame:
    """Up to n items, nearest first, as `Model.neighbours`."""
    if n < 1:
        raise ValueError(f"{n} neighbours asked for; expected 1 or more")
    gaussian = model.density("gaussian")()
    assert isinstance(gaussian, MixtureDistribution)
    factor = gaussian.factors[0].cpu().numpy()
    z, distances = around(model.encode([item])[0], factor, DRAWS * n, radius, seed)
    task, items = model.run.task, decoded_items(model, z, raw=True)
    forms = task.canonical(items)
    first: dict[str | None, int] = {}
    for place, form in enumerate(forms):
        first.setdefault(form, place)
    for left_out in (None, *task.canonical([item])):
        first.pop(left_out, None)
    places = list(first.values())[:n]
    values = items if task.spelling is None else forms
    return pd.DataFrame({task.medium.word: [values[i] for i in places], "distance": distances[places]})
