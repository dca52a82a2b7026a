"""A density learned on standardised codes, back in their own units."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from grammar_rae.densities.density import Density
from grammar_rae.distributions.interfaces import Latent
from grammar_rae.noise import Noise


class StandardisedDistribution:
    """That of `mean` + `scale` y (both (D,)) where y is distributed as `inner`."""

    def __init__(self, inner: Latent, mean: Tensor, scale: Tensor) -> None:
        self.exact = inner.exact
        self.inner = inner
        self.mean = mean
        self.scale = scale

    def log_prob(self, z: Tensor) -> Tensor:
        """(B,) nats of z (B, D)."""
        return self.inner.log_prob((z - self.mean) / self.scale) - self.scale.log().sum()

    def sample(self, noise: Noise) -> Tensor:
        """(B, D), one row a sample of `noise`."""
        return self.mean + self.scale * self.inner.sample(noise)


def standardised(inner: nn.Module, mean: Tensor, scale: Tensor, sizes: Mapping[str, int]) -> Density:
    """A density whose `inner()` is the distribution of codes less `mean` (D,), divided by `scale` (D,)."""
    return Density(StandardisedDistribution, sizes, inner=inner.requires_grad_(False), mean=mean, scale=scale)


class WhitenedDistribution:
    """That of `mean` (D,) + `factor` y where y is distributed as `inner`; `factor` (D, D) is lower triangular."""

    def __init__(self, inner: Latent, mean: Tensor, factor: Tensor) -> None:
        self.exact = inner.exact
        self.inner = inner
        self.mean = mean
        self.factor = factor

    def log_prob(self, z: Tensor) -> Tensor:
        """(B,) nats of z (B, D)."""
        y = whitened(z, self.mean, self.factor)
        return self.inner.log_prob(y) - self.factor.diagonal().log().sum()

    def sample(self, noise: Noise) -> Tensor:
        """(B, D), one row a sample of `noise`."""
        return self.mean + self.inner.sample(noise) @ self.factor.T


def whitened(z: Tensor, mean: Tensor, factor: Tensor) -> Tensor:
    """y (B, D) of z = mean + factor y."""
    return torch.linalg.solve_triangular(factor, (z - mean).T, upper=False).T
