"""How likely a model finds items: the mass that its decoder leaves to what is allowed, and log p(x)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from grammar_rae.distributions.interfaces import Decoded, Latent
from grammar_rae.model.decoding import BATCH, batch_size, masked
from grammar_rae.noise import Noise

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
    """`Model.log_likelihood` of integer rows (n, …), a few at a time, since each is repeated `draws` times."""
    autoencoder, bounds = model.run.autoencoder, [torch.zeros(0)]
    prior: Latent = autoencoder.prior()
    size = max(1, batch_size(model) // draws)
    for begin in range(0, len(rows), size):
        x = torch.as_tensor(rows[begin : begin + size]).to(model.device)
        q = autoencoder.posterior(x)
        first = torch.arange(begin, begin + len(x), device=model.device) * draws
        z = torch.stack([q.sample(Noise(seed, first + draw)) for draw in range(draws)])  # (draws, items, D)
        codes = z.transpose(0, 1).flatten(0, 1)
        p: Decoded = autoencoder.decoder(codes)
        weights = p.log_prob(x.repeat_interleave(draws, 0)) + prior.log_prob(codes)
        weights = weights - q.log_prob(z).T.flatten()
        weights = weights.double().unflatten(0, (-1, draws))
        bounds.append((torch.logsumexp(weights, 1) - math.log(draws)).cpu())
    return torch.cat(bounds).numpy()
