"""Mixtures of Gaussians over codes."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from grammar_rae.noise import COMPONENT, LATENT, Noise


def in_blocks(log_prob: Callable[[Tensor], Tensor], z: Tensor, rows: int) -> Tensor:
    """log_prob (B,) of z (B, D), at most `rows` codes at a time to bound memory."""
    return torch.cat([log_prob(part) for part in z.split(max(1, rows))])


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
