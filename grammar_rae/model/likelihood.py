"""How likely a model finds items: the mass that its decoder leaves to what is allowed, and log p(x)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grammar_rae.autoencoders.views import as_is, dequantised
from grammar_rae.catalogue import LIKELIHOODS, look_up
from grammar_rae.distributions.interfaces import Decoded, Latent
from grammar_rae.model.decoding import BATCH, batch_size, masked
from grammar_rae.noise import VIEWING, Noise

if TYPE_CHECKING:
    from grammar_rae.model.model import Model


@torch.no_grad()
def log_feasible(model: Model, rows: NDArray[np.integer]) -> NDArray[np.float32]:
    """`Model.log_feasible` of integer rows (n, T)."""
    autoencoder = model.run.autoencoder
    parts = []
    for x in torch.as_tensor(rows).to(model.device).split(BATCH):
        p = masked(model, autoencoder.decoder(autoencoder.posterior(x).mean))
        parts.append(p.log_feasible(x.long()))
    return torch.cat(parts).cpu().numpy()


@torch.no_grad()
def log_likelihood(model: Model, rows: NDArray[np.integer], draws: int, seed: int) -> NDArray[np.float64]:
    """`Model.log_likelihood` of integer rows (n, …).

    Memory does not grow with `draws`: a batch of rows, or all of them where they are fewer, has as many draws at a time
    as there is room for, one at least.
    """
    autoencoder, bounds = model.run.autoencoder, [torch.zeros(0)]
    prior: Latent = autoencoder.prior()
    batch = batch_size(model)
    for begin in range(0, len(rows), batch):
        x = drawn_view(model, rows[begin : begin + batch], begin, seed)
        room = batch // len(x)
        q = autoencoder.posterior(x)
        first = torch.arange(begin, begin + len(x), device=model.device) * draws
        weights = []
        for start in range(0, draws, room):
            part = range(start, min(start + room, draws))
            z = torch.stack([q.sample(Noise(seed, first + draw)) for draw in part])
            codes = z.transpose(0, 1).flatten(0, 1)  # (items × draws, D)
            p: Decoded = autoencoder.decoder(codes)
            weight = p.log_prob(x.repeat_interleave(len(part), 0)) + prior.log_prob(codes)
            weight = weight - q.log_prob(z).T.flatten()
            weights.append(weight.double().unflatten(0, (-1, len(part))))
        bounds.append((torch.logsumexp(torch.cat(weights, 1), 1) - math.log(draws)).cpu())
    return torch.cat(bounds).numpy()


def drawn_view(model: Model, rows: NDArray[np.integer], begin: int, seed: int) -> Tensor:
    """The recipe's view of rows (n, …), numbered from `begin` on, drawn by noise of the seed and a row's number."""
    x = torch.as_tensor(np.asarray(rows)).to(model.device)
    view = model.run.autoencoder.view
    if view is as_is:
        return x
    noise = Noise.first(seed, len(x), begin, model.device)
    return view(x, noise.uniform(VIEWING, x[0].numel()).view(x.shape))


def bits_per_dimension(model: Model, nats: float) -> float | None:
    """−log₂ p of a pixel's channel where log p(x) is `nats`; None where p is no mass of pixels.

    The density of a dequantised view counts as one: less log 256 a number it is in expectation no more than the
    logarithm of a mass of bytes (Theis, van den Oord, Bethge 2016, section 3.1).
    """
    _, *pixels = look_up(LIKELIHOODS, model.recipe.objective.likelihood, "likelihood")
    dequantised_view = model.run.autoencoder.view is dequantised
    if not pixels or (pixels[0].continuous and not dequantised_view):
        return None
    sizes = model.run.codec.settings
    numbers = int(sizes["channels"]) * int(sizes["size"]) ** 2
    return -nats / numbers / math.log(2) + (8 if pixels[0].continuous else 0)
