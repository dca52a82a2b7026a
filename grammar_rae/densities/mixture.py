"""A mixture of full-covariance Gaussians over codes: what `gaussian`, `gmm` and `dirichlet` fit."""

from __future__ import annotations

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from grammar_rae.densities.density import Density
from grammar_rae.distributions.mixtures import MixtureDistribution


class Mixture(Density):
    """The fitted prior; every number it holds is a buffer."""

    weights: Tensor
    means: Tensor
    factors: Tensor

    def __init__(self, weights: Tensor, means: Tensor, factors: Tensor) -> None:
        super().__init__(components=len(weights))
        self.register_buffer("weights", weights.float())
        self.register_buffer("means", means.float())
        self.register_buffer("factors", factors.float().contiguous())  # a product's bits depend on the layout

    def forward(self) -> MixtureDistribution:
        return MixtureDistribution(self.weights, self.means, self.factors)

    @classmethod
    def of(cls, weights: ArrayLike, means: ArrayLike, covariances: ArrayLike) -> Mixture:
        """From weights (K,), scaled to sum to 1, means (K, D) and covariances (K, D, D)."""
        shares = torch.as_tensor(weights)
        factors = torch.linalg.cholesky(torch.as_tensor(covariances))
        return cls(shares / shares.sum(), torch.as_tensor(means), factors)


def empty(latent: int, components: int) -> Mixture:
    """Of the right sizes, to be filled by `load_state_dict`."""
    return Mixture(
        torch.zeros(components), torch.zeros(components, latent), torch.zeros(components, latent, latent)
    )
