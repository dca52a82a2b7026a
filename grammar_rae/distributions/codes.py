"""Posteriors over codes: a point (deterministic encoders) and a Gaussian whose noise may be scaled down.

The published Grammar VAE draws z = μ + exp(log σ² / 2) ε with ε ~ N(0, 0.01²) while its KL term takes σ
as it stands (Kusner et al. 2017, code): `noise` is that 0.01, and 1 is the textbook posterior.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from grammar_rae.noise import POSTERIOR, Noise


class Point:
    """All mass on z (B, D)."""

    def __init__(self, mean: Tensor) -> None:
        self.mean = mean

    def rsample(self) -> Tensor:
        return self.mean

    def sample(self, noise: Noise) -> Tensor:
        return self.mean.detach()


class Gaussian:
    """Independent normals, mean and log-variance (B, D); draws use `noise` times σ."""

    def __init__(self, mean: Tensor, log_var: Tensor, noise: float = 1.0) -> None:
        self.mean = mean
        self.log_var = log_var
        self.noise = noise

    def rsample(self) -> Tensor:
        """(B, D) from torch's global generator: the training draw."""
        return self.mean + self.noise * (self.log_var / 2).exp() * torch.randn_like(self.mean)

    def sample(self, noise: Noise) -> Tensor:
        """(B, D) from counter-based noise."""
        eps = noise.normal(POSTERIOR, self.mean.shape[-1])
        return (self.mean + self.noise * (self.log_var / 2).exp() * eps).detach()

    def log_prob(self, z: Tensor) -> Tensor:
        """(B,) nats, σ as it stands."""
        scaled = (z - self.mean) ** 2 / self.log_var.exp()
        return -0.5 * (scaled + self.log_var + math.log(2 * math.pi)).sum(-1)
