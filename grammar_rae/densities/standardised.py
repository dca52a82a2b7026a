"""A density learned on standardised codes, back in their own units."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from grammar_rae.densities.density import Density
from grammar_rae.noise import Noise


class StandardisedDistribution:
    """That of `mean` + `scale` y (both (D,)) where y is distributed as `inner`."""

    def __init__(self, inner: Any, mean: Tensor, scale: Tensor) -> None:
        self.inner = inner
        self.mean = mean
        self.scale = scale

    def log_prob(self, z: Tensor) -> Tensor:
        """(B,) nats of z (B, D)."""
        found: Tensor = self.inner.log_prob((z - self.mean) / self.scale) - self.scale.log().sum()
        return found

    def sample(self, noise: Noise) -> Tensor:
        """(B, D), one row a sample of `noise`."""
        drawn: Tensor = self.mean + self.scale * self.inner.sample(noise)
        return drawn


class Standardised(Density):
    """`inner()` is the distribution of standardised codes."""

    mean: Tensor
    scale: Tensor

    def __init__(self, inner: nn.Module, mean: Tensor, scale: Tensor, exact: bool, **sizes: int) -> None:
        super().__init__(**sizes)
        self.exact = exact
        self.inner = inner
        self.register_buffer("mean", mean.float())
        self.register_buffer("scale", scale.float())

    def forward(self) -> StandardisedDistribution:
        return StandardisedDistribution(self.inner(), self.mean, self.scale)
