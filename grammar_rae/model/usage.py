"""What a model's posteriors of items hold: their means and their divergence from the prior."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from grammar_rae.distributions.divergence import by_dimension, divergence
from grammar_rae.distributions.interfaces import Latent, Posterior
from grammar_rae.model.decoding import BATCH
from grammar_rae.model.likelihood import drawn_view
from grammar_rae.noise import Noise

if TYPE_CHECKING:
    from grammar_rae.model.model import Model

Array = NDArray[np.float32]


@torch.no_grad()
def posterior_usage(
    model: Model, rows: NDArray[np.integer], seed: int
) -> tuple[Array, Array | None, Array | None]:
    """Of rows (n, …) the posterior means (n, D), KL(q ‖ p) (n,) and its parts by coordinate (n, D), in nats.

    The parts are those of `distributions.divergence`, else None. Where there is no formula KL is estimated by one draw
    a row under the seed; it is None where q is no density of its draws. A view of images is drawn under the seed.
    """
    autoencoder = model.run.autoencoder
    prior: Latent = autoencoder.prior()
    means, totals, parts = [], [], []
    for begin in range(0, len(rows), BATCH):
        q: Posterior = autoencoder.posterior(drawn_view(model, rows[begin : begin + BATCH], begin, seed))
        means.append(q.mean)
        z = q.sample(Noise.first(seed, len(q.mean), begin, model.device))
        by_coordinate = by_dimension(q, prior, z)
        if by_coordinate is not None:
            parts.append(by_coordinate)
            totals.append(by_coordinate.sum(-1))
        elif q.proper:
            totals.append(divergence(q, prior, z))
    return _joined(means), _joined(totals) if totals else None, _joined(parts) if parts else None


def _joined(tensors: list[torch.Tensor]) -> Array:
    array: Array = torch.cat(tensors).cpu().numpy()
    return array
