"""Distributions over codes by autoregressive splines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import Tensor, nn

from grammar_rae.distributions.posteriors import StandardNormal
from grammar_rae.noise import LATENT, Noise


class Transform(Protocol):
    """An invertible map of codes, as zuko has them."""

    def call_and_ladj(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """u (B, D) of z (B, D), and the logarithm (B,) of the map's absolute Jacobian determinant there."""
        ...

    @property
    def inv(self) -> Callable[[Tensor], Tensor]:
        """The map from u back to z."""
        ...


class FlowDistribution:
    """That of z where `transform(z)` is distributed as `base`."""

    exact = True

    def __init__(self, transform: Transform, base: StandardNormal) -> None:
        self.transform = transform
        self.base = base

    def log_prob(self, z: Tensor) -> Tensor:
        """(B,) nats of z (B, D)."""
        u, log_slope = self.transform.call_and_ladj(z)
        return self.base.log_prob(u) + log_slope

    def sample(self, noise: Noise) -> Tensor:
        """(B, D), one row a sample of `noise`."""
        return self.transform.inv(noise.normal(LATENT, len(self.base.mean)))


def splines(latent: int, width: int, layers: int) -> nn.Module:
    """A module () → `Transform` of codes (B, latent): zuko's, `layers` of splines that nets of `width` choose.

    Importing zuko switches off the checks of everybody's torch distributions, which is undone here.
    """
    from torch.distributions import Distribution

    before = Distribution._validate_args
    from zuko.flows import NSF

    Distribution.set_default_validate_args(before)
    transform: nn.Module = NSF(latent, transforms=layers, hidden_features=(width, width)).transform
    return transform
