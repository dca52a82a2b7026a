"""Codes to items: p(x | z) of a model under masks, drawn from a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grammar_rae.autoencoders.decoders import LocalDecoder
from grammar_rae.distributions.interfaces import Decoded
from grammar_rae.distributions.masking import Masked
from grammar_rae.errors import RecipeError
from grammar_rae.limits.ranges import within
from grammar_rae.machines.machine import EVERYTHING, Masks
from grammar_rae.model import revision
from grammar_rae.model.codes import codes_of
from grammar_rae.noise import Noise
from grammar_rae.tasks.task import Spelling

if TYPE_CHECKING:
    from grammar_rae.model.model import Model

BATCH = 1000


def batch_size(model: Model) -> int:
    """How many codes are decoded at a time."""
    return min(BATCH, model.run.task.medium.batch_size) if model.device.type == "cpu" else BATCH


def decoded(model: Model, z: Tensor, masks: Masks, sigma: float = 0.0) -> Decoded:
    """p(x | z, σ) of codes z (B, D) under masks; the recipe's budget «never» wins over theirs.

    RecipeError where there is no machine that could do without some of its masks.
    """
    if masks != EVERYTHING and not has_machine(model):
        raise RecipeError(
            f"{model.recipe.name} writes no derivations: there is no step budget and no semantics to do without"
        )
    budget = masks.budget and model.recipe.decoder.budget != "never"
    p: Decoded = model.run.autoencoder.decoder(z, replace(masks, budget=budget), sigma)
    return p


def has_machine(model: Model) -> bool:
    """Whether a machine says what the decoder may write."""
    return model.run.autoencoder.decoder.machine is not None


def has_budget(model: Model) -> bool:
    """Whether derivations can be left unfinished by doing without the step budget."""
    return has_machine(model) and model.recipe.decoder.budget != "always"


def has_semantics(model: Model) -> bool:
    """Whether the machine knows more than syntax."""
    return model.recipe.decoder.machine != "syntax"


def masked(model: Model, p: Decoded) -> Masked:
    """p, where a machine or an alphabet restrains what it writes. RecipeError where nothing does."""
    if not isinstance(p, Masked):
        raise RecipeError(
            f"{model.recipe.name} draws {model.task}, which no mask restrains; keep, samples, log_feasible and "
            "revisions are for strings under a mask"
        )
    return p


def symbols(p: Decoded, noise: Noise, temperature: float, prefix: Tensor | None = None) -> Tensor:
    """(B, …) symbols drawn at a temperature, 0 for the likeliest, after the productions `prefix` (t,) if any."""
    if prefix is None:
        return p.mode() if temperature == 0 else p.sample(noise, temperature)
    assert isinstance(p, Masked)  # `Prefix` is of derivations
    return p.mode(prefix) if temperature == 0 else p.sample(noise, temperature, prefix)


def own_temperature(model: Model) -> float:
    """Of decoding where none is given: 0, but the recipe's where pixels see those before them.

    The likeliest pixel repeats what it sees, so that the likeliest image of such a model is one flat colour.
    """
    decoder = model.run.autoencoder.decoder
    return (
        model.recipe.density.temperature
        if isinstance(decoder, LocalDecoder) and decoder.local.sees_pixels
        else 0.0
    )


def decoded_items(
    model: Model,
    z: NDArray[np.floating] | Tensor,
    temperature: float | None = None,
    seed: int = 0,
    raw: bool = False,
    masks: Masks = EVERYTHING,
    revisions: int = 0,
) -> list[Any]:
    """Single items, as `Model.decode`."""
    codes = torch.as_tensor(codes_of(model, z))
    within(temperature=temperature, seed=seed, revisions=revisions)
    temperature = own_temperature(model) if temperature is None else temperature

    def write(aimed: NDArray[np.floating], index: NDArray[np.int64]) -> list[Any]:
        """Items of codes (n, D), drawn under the noise of samples `index` (n,)."""
        noise = Noise(seed, torch.as_tensor(index, device=model.device))
        return _written(model, torch.as_tensor(aimed), noise, revision.TEMPERATURE, masks)

    items = _written(model, codes, Noise.first(seed, len(codes), 0, model.device), temperature, masks)
    if revisions and items:
        masked(model, decoded(model, codes[:1].to(model.device), masks))
        items = revision.revised(codes.cpu().numpy(), items, write, model.encode_each, revisions)
    spelling = model.run.task.spelling
    return items if spelling is None or raw else [item for item, _ in spelled(spelling, items)]


def spelled(spelling: Spelling, texts: Sequence[str]) -> list[tuple[str, str | None]]:
    """Each string in the one spelling of equal items, or as it is where it has none (None)."""
    return [(form or text, form) for text, form in zip(texts, spelling(texts), strict=True)]


@torch.no_grad()
def _written(model: Model, codes: Tensor, noise: Noise, temperature: float, masks: Masks) -> list[Any]:
    """What is written of codes (n, latent), one a row of `noise`, a batch at a time; an unfinished string is empty."""
    size, items = batch_size(model), []
    for part, index in zip(codes.split(size), noise.index.split(size), strict=True):
        x = symbols(decoded(model, part.to(model.device), masks), Noise(noise.seed, index), temperature)
        items += model.run.task.medium.finished(model.run.codec.decode(x.cpu().numpy()))
    return items
