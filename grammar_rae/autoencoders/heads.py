"""Heads: the last layer of an encoder; features h (B, hidden) become the posterior q(z | x)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from grammar_rae.distributions.posteriors import Gaussian, Point
from grammar_rae.nets.initial import glorot


class PointHead(nn.Module):
    """Deterministic codes."""

    def __init__(self, hidden: int, latent: int) -> None:
        super().__init__()
        self.mean = nn.Linear(hidden, latent).apply(glorot)

    def forward(self, h: Tensor) -> Point:
        """q of h (B, hidden), its mean (B, latent)."""
        return Point(self.mean(h))


class GaussianHead(nn.Module):
    """Mean and log-variance from the same features; draws use `noise` times σ.

    With a `bound` log σ is bound · tanh, as in the RAE paper's image models (5 there).
    """

    def __init__(self, hidden: int, latent: int, *, noise: float = 1.0, bound: float | None = None) -> None:
        super().__init__()
        self.mean = nn.Linear(hidden, latent).apply(glorot)
        self.log_var = nn.Linear(hidden, latent).apply(glorot)
        self.noise = noise
        self.bound = bound

    def forward(self, h: Tensor) -> Gaussian:
        """q of h (B, hidden), mean and log-variance (B, latent)."""
        raw = self.log_var(h)
        return Gaussian(self.mean(h), raw if self.bound is None else 2 * self.bound * raw.tanh(), self.noise)


class ConstantVarianceHead(nn.Module):
    """CV-VAE (Ghosh et al. 2020, section 2.2): draws μ + `noise` ε, KL term ||μ||² / 2.

    The divergence leaves out the part of the constant variance, which no gradient sees.
    """

    def __init__(self, hidden: int, latent: int, *, noise: float = 1.0) -> None:
        super().__init__()
        self.mean = nn.Linear(hidden, latent).apply(glorot)
        self.noise = noise

    def forward(self, h: Tensor) -> Gaussian:
        """q of h (B, hidden), mean and log-variance (B, latent)."""
        mean = self.mean(h)
        return Gaussian(mean, torch.zeros_like(mean), self.noise)
