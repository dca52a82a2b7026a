"""A density learned on standardised codes, back in their own units."""

from __future__ import annotations

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


class Standardised(Density):
    """`inner()` is the distribution of standardised codes."""

    mean: Tensor
    scale: Tensor

    def __init__(self, inner: nn.Module, mean: Tensor, scale: Tensor, **sizes: int) -> None:
        super().__init__(**sizes)
        self.inner = inner
        self.register_buffer("mean", mean.float())
        self.register_buffer("scale", scale.float())

    def forward(self) -> StandardisedDistribution:
        return StandardisedDistribution(self.inner(), self.mean, self.scale)
