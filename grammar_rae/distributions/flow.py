"""Distributions over codes by autoregressive splines."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from grammar_rae.noise import LATENT, Noise


class FlowDistribution:
    """That of z where `transform(z)` is distributed as `base`."""

    exact = True

    def __init__(self, transform: Any, base: Any) -> None:
        self.transform = transform
        self.base = base

    def log_prob(self, z: Tensor) -> Tensor:
        """(B,) nats of z (B, D)."""
        u, log_slope = self.transform.call_and_ladj(z)
        log_density: Tensor = self.base.log_prob(u) + log_slope
        return log_density

    def sample(self, noise: Noise) -> Tensor:
        """(B, D), one row a sample of `noise`."""
        z: Tensor = self.transform.inv(noise.normal(LATENT, len(self.base.mean)))
        return z


def spline_flow() -> Any:
    """zuko's flow; importing it switches off the checks of everybody's torch distributions, undone here."""
    from torch.distributions import Distribution

    before = Distribution._validate_args
    from zuko.flows import NSF

    Distribution.set_default_validate_args(before)
    return NSF
