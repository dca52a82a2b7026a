"""What a model draws codes from: its prior, and the densities that were fitted to its codes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grammar_rae.densities.density import Density, Fitted
from grammar_rae.densities.fitting import fit_density, named
from grammar_rae.distributions.interfaces import Latent
from grammar_rae.errors import RecipeError, excerpt, option
from grammar_rae.limits.ranges import within
from grammar_rae.memory import require
from grammar_rae.model.codes import codes_of
from grammar_rae.noise import SMOOTHING, Noise
from grammar_rae.progress import Report
from grammar_rae.runs.shipped import is_shipped

if TYPE_CHECKING:
    from grammar_rae.model.model import Model


def density_of(model: Model, name: str | None) -> Callable[[], Latent]:
    """A density by name, the model's own where None: calling it gives the distribution. RecipeError."""
    folder = model.run.place
    place = model.recipe.name if not folder or is_shipped(Path(folder)) else folder
    own, default = model.recipe.density.default, model.default_density
    if name is None and own != default:
        warnings.warn(
            f"{place} has no density {own}, it was not fitted; {default} takes its place, as {option('density')} "
            f"{default} would",
            stacklevel=3,
        )
    name = default if name is None else name
    if name == "prior":
        return model.run.autoencoder.prior
    if name not in model.run.densities:
        raise RecipeError(f"{place} has no density {excerpt(name)[0]}; it has: {', '.join(model.densities)}")
    return model.run.densities[name].density


def own_noise(model: Model, noise: float | None) -> float:
    """The standard deviation of the noise that smooths a density, the recipe's own where None.

    RecipeError for noise that the decoder cannot be told of, and for more than it was trained with.
    """
    recipe = model.recipe
    noise = recipe.density.noise if noise is None else noise
    if noise and not recipe.decoder.noise_input:
        raise RecipeError(
            f"{option('noise')} {noise:g}: the decoder of {recipe.name} is not told of noise; leave it out, or "
            "take a model trained with decoder.noise_input = true"
        )
    if noise > recipe.objective.code_noise:
        raise RecipeError(
            f"{option('noise')} {noise:g}: the decoder of {recipe.name} was trained with noise up to "
            f"{recipe.objective.code_noise:g}; expected no more"
        )
    return noise


def smoothed(z: Tensor, sigma: float, noise: Noise) -> Tensor:
    """z + σ ε of codes z (B, D), one a sample of `noise`: a density's codes become those of the density smoothed."""
    return z + sigma * noise.normal(SMOOTHING, z.shape[1]) if sigma else z


def drawn_codes(model: Model, n: int, density: str | None, seed: int, start: int) -> NDArray[np.float32]:
    """`Model.sample_codes`."""
    within(n=n, seed=seed)
    require(5 * 8 * n * model.latent, f"{n:,} codes")
    noise = Noise.first(seed, n, start, model.device)
    with torch.no_grad():
        return model.density(density)().sample(noise).cpu().numpy()


def fit(
    model: Model,
    kind: str,
    z: NDArray[np.floating],
    seed: int,
    name: str | None,
    report: Report,
    settings: dict[str, Any],
) -> Density:
    """`Model.fit_density`."""
    within(seed=seed)
    called = named(kind if name is None else name, kind)
    codes = torch.as_tensor(codes_of(model, z)).to(model.device)
    density = fit_density(kind, codes, seed, report, settings)
    model.run.densities[called] = Fitted(kind, density.to(model.device))
    return density
