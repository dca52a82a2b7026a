"""Distributions over codes: a point (deterministic encoders), a Gaussian whose noise may be scaled down, and N(0, I).

The published Grammar VAE draws z = μ + exp(log σ² / 2) ε with ε ~ N(0, 0.01²) while its KL term takes σ
as it stands (Kusner et al. 2017, code): `noise` is that 0.01, and 1 is the textbook posterior.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from grammar_rae.noise import LATENT, POSTERIOR, Noise


class Point:
    """All mass on `mean` (B, D)."""

    proper = False

    def __init__(self, mean: Tensor) -> None:
        self.mean = mean

    def rsample(self, shape: tuple[int, ...] = ()) -> Tensor:
        """(*shape, B, D): the point."""
        return self.mean.expand(*shape, *self.mean.shape)

    def sample(self, noise: Noise) -> Tensor:
        """(B, D): the point."""
        return self.mean.detach()

    def log_prob(self, z: Tensor) -> Tensor:
        """(*shape, B): the logarithm of the mass on z, 0 at the point and −inf elsewhere."""
        return torch.where((z == self.mean).all(-1), 0.0, -torch.inf)


class Gaussian:
    """Independent normals, mean and log-variance (B, D); draws use `noise` times σ."""

    def __init__(self, mean: Tensor, log_var: Tensor, noise: float = 1.0) -> None:
        self.mean = mean
        self.log_var = log_var
        self.noise = noise

    @property
    def proper(self) -> bool:
        """Whether draws follow the variance that `log_prob` knows."""
        return self.noise == 1

    def rsample(self, shape: tuple[int, ...] = ()) -> Tensor:
        """(*shape, B, D) from torch's global generator: the training draw."""
        eps = torch.randn(*shape, *self.mean.shape, dtype=self.mean.dtype, device=self.mean.device)
        return self.mean + self.noise * (self.log_var / 2).exp() * eps

    def sample(self, noise: Noise) -> Tensor:
        """(B, D) from counter-based noise."""
        eps = noise.normal(POSTERIOR, self.mean.shape[-1])
        return (self.mean + self.noise * (self.log_var / 2).exp() * eps).detach()

    def log_prob(self, z: Tensor) -> Tensor:
        """(*shape, B) nats of z (*shape, B, D), σ as it stands."""
        return self.log_prob_by_dimension(z).sum(-1)

    def log_prob_by_dimension(self, z: Tensor) -> Tensor:
        """(*shape, B, D) nats of z (*shape, B, D), whose sum is `log_prob`."""
        scaled = (z - self.mean) ** 2 / self.log_var.exp()
        return -0.5 * (scaled + self.log_var + math.log(2 * math.pi))


class StandardNormal:
    """N(0, I) over codes of the size of `zeros` (D,), its mean and its log-variance."""

    exact = True

    def __init__(self, zeros: Tensor) -> None:
        self.mean = zeros
        self.log_var = zeros

    def log_prob(self, z: Tensor) -> Tensor:
        """(*shape, B) nats of z (*shape, B, D)."""
        return -0.5 * (z**2 + math.log(2 * math.pi)).sum(-1)

    def sample(self, noise: Noise) -> Tensor:
        """(B, D), one row a sample of `noise`."""
        return noise.normal(LATENT, len(self.mean))
