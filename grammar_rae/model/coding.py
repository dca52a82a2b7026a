"""What it costs to send items by a model's codes, with and without what the receiver gets back of the choice of a code.

Bits-back coding (Hinton, van Camp 1993) as Chen et al. 2017, section 2.2, read the bound of an autoencoder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from grammar_rae.distributions.interfaces import Decoded, Latent
from grammar_rae.model.decoding import batch_size
from grammar_rae.model.likelihood import drawn_view
from grammar_rae.noise import Noise

if TYPE_CHECKING:
    from grammar_rae.model.model import Model


@torch.no_grad()
def code_lengths(
    model: Model, rows: NDArray[np.integer], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of rows (n, …), in nats, C_naive = −log p(z) − log p(x | z) and −log q(z | x), each at the one draw z of q.

    In expectation the second is the entropy of q, which bits-back gives back: the difference is minus the bound. Of
    densities they are lengths but for the width of the bins. q is one that `proper` draws come of.
    """
    autoencoder, naive, returned = model.run.autoencoder, [torch.zeros(0)], [torch.zeros(0)]
    prior: Latent = autoencoder.prior()
    size = batch_size(model)
    for begin in range(0, len(rows), size):
        x = drawn_view(model, rows[begin : begin + size], begin, seed)
        q = autoencoder.posterior(x)
        z = q.sample(Noise.first(seed, len(x), begin, model.device))
        p: Decoded = autoencoder.decoder(z)
        naive.append(-(p.log_prob(x) + prior.log_prob(z)).double().cpu())
        returned.append(-q.log_prob(z).double().cpu())
    return torch.cat(naive).numpy(), torch.cat(returned).numpy()
