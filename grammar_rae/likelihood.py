"""How likely a model finds items: the mass that its decoder leaves to what is allowed, and log p(x)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from grammar_rae.distributions.codes import Gaussian
from grammar_rae.generation import BATCH, batch_size, masked
from grammar_rae.noise import Noise

if TYPE_CHECKING:
    from grammar_rae.model import Model


@torch.no_grad()
def log_feasible(model: Model, rows: NDArray[np.integer]) -> NDArray[np.float32]:
    """`Model.log_feasible` of integer rows (n, T)."""
    encoder, decoder = model.run.autoencoder.encoder, model.run.autoencoder.decoder
    x = torch.as_tensor(rows).to(model.device)
    parts = [masked(model, decoder(encoder(part).mean)).log_feasible(part.long()) for part in x.split(BATCH)]
    return torch.cat(parts).cpu().numpy()


@torch.no_grad()
def log_likelihood(model: Model, rows: NDArray[np.integer], draws: int, seed: int) -> NDArray[np.float64]:
    """`Model.log_likelihood` of integer rows (n, …), a few at a time, since each is repeated `draws` times."""
    parts, bounds = model.run.autoencoder, [torch.zeros(0)]
    size = max(1, batch_size(model) // draws)
    for begin in range(0, len(rows), size):
        x = torch.as_tensor(rows[begin : begin + size]).to(model.device)
        q = parts.encoder(x)
        q = Gaussian(*(part.repeat_interleave(draws, 0) for part in (q.mean, q.log_var)))
        x = x.repeat_interleave(draws, 0)
        z = q.sample(Noise.first(seed, len(x), begin * draws, model.device))
        weights = parts.decoder(z).log_prob(x) + parts.prior().log_prob(z) - q.log_prob(z)
        weights = weights.double().unflatten(0, (-1, draws))
        bounds.append((torch.logsumexp(weights, 1) - math.log(draws)).cpu())
    return torch.cat(bounds).numpy()
