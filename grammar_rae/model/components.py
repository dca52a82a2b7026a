"""The mixtures of a model's prior, one over each rung of its codes, and codes of one component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from grammar_rae.distributions.mixtures import RungMixture
from grammar_rae.errors import RecipeError
from grammar_rae.noise import Noise

if TYPE_CHECKING:
    from grammar_rae.model.model import Model


@torch.no_grad()
def mixtures(model: Model) -> RungMixture | None:
    """The prior where it is one of mixtures."""
    prior: Any = model.run.autoencoder.prior()
    return prior if isinstance(prior, RungMixture) else None


def component_codes(model: Model, rung: int, component: int, noise: Noise) -> Tensor:
    """(B, D) codes of the prior, a rung of which, from 1 at the bottom, is drawn of one component, from 1.

    RecipeError where the prior has no components, ValueError for a rung or a component there is not.
    """
    prior = mixtures(model)
    if prior is None:
        raise RecipeError(f"{model.recipe.name} has no components; a model of the variant vlac has")
    if not 1 <= rung <= len(prior.rungs):
        raise ValueError(f"rung {rung} of {model.recipe.name}; expected 1 to {len(prior.rungs)}")
    count = len(prior.rungs[rung - 1].weights)
    if not 1 <= component <= count:
        raise ValueError(
            f"component {component} of rung {rung} of {model.recipe.name}; expected 1 to {count}"
        )
    return prior.sample_of(rung - 1, component - 1, noise)
