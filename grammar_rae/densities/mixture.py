"""A mixture of full-covariance Gaussians over codes: what `gaussian`, `gmm` and `dirichlet` fit."""

from __future__ import annotations

import math

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from grammar_rae.densities.codes import in_blocks
from grammar_rae.densities.density import Density
from grammar_rae.noise import COMPONENT, LATENT, Noise

BLOCK = 10_000_000  # numbers held at a time


class MixtureDistribution:
    """Weights (K,), means (K, D), lower Cholesky factors (K, D, D) of the covariances."""

    exact = True

    def __init__(self, weights: Tensor, means: Tensor, factors: Tensor) -> None:
        self.weights = weights
        self.means = means
        self.factors = factors

    def log_prob(self, z: Tensor) -> Tensor:
        """(B,) nats of z (B, D)."""
        return in_blocks(self._log_prob, z, BLOCK // self.means.numel())

    def _log_prob(self, z: Tensor) -> Tensor:
        offsets = (z[:, None] - self.means).transpose(0, 1).transpose(1, 2)  # (K, D, B)
        scaled = torch.linalg.solve_triangular(self.factors, offsets, upper=False).square().sum(1)
        half_log_det = self.factors.diagonal(dim1=1, dim2=2).log().sum(1)
        constant = 0.5 * self.means.shape[1] * math.log(2 * math.pi)
        return torch.logsumexp(self.weights.log()[:, None] - half_log_det[:, None] - constant - scaled / 2, 0)

    def sample(self, noise: Noise) -> Tensor:
        """(B, D), one row a sample of `noise`."""
        u = noise.uniform(COMPONENT, 1)
        component = (self.weights.cumsum(0) <= u * self.weights.sum()).sum(1).clamp(max=len(self.weights) - 1)
        eps = noise.normal(LATENT, self.means.shape[1])
        z = self.means[component]
        for k, factor in enumerate(self.factors):  # (B, D, D) would be gathered otherwise
            z = torch.where((component == k)[:, None], z + eps @ factor.T, z)
        return z


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
