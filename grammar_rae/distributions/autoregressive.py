"""Distributions over codes by autoregressive affine flows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from grammar_rae.noise import LATENT, Noise

Conditioner = Callable[
    [Tensor], tuple[Tensor, Tensor]
]  # z (…, D) → shift and log-scale (…, D), autoregressive


class AutoregressiveFlow:
    """That of z where u = (z − shift) / scale, step after step, is N(0, I).

    Papamakarios, Pavlakou, Murray, "Masked Autoregressive Flow" (NeurIPS 2017): log_prob takes one pass of every
    conditioner, a draw one for every coordinate.
    """

    exact = True

    def __init__(self, conditioners: Sequence[Conditioner], latent: int) -> None:
        self.conditioners = conditioners
        self.latent = latent

    def noise_of(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """u (…, D) that z (…, D) is made of, and the logarithm (…, D) of each coordinate's scale."""
        u, log_scales = z, torch.zeros_like(z)
        for conditioner in self.conditioners:
            shift, log_scale = conditioner(u)
            u = (u - shift) * (-log_scale).exp()
            log_scales = log_scales + log_scale
        return u, log_scales

    def made_of(self, u: Tensor) -> Tensor:
        """z (…, D) of u (…, D): after pass d of a conditioner d coordinates are as they will be."""
        z = u
        for conditioner in reversed(self.conditioners):
            target = z
            for _ in range(self.latent):
                shift, log_scale = conditioner(z)
                z = target * log_scale.exp() + shift
        return z

    def log_prob_by_dimension(self, z: Tensor) -> Tensor:
        """(…, D) nats of z (…, D), whose sum is `log_prob`: a coordinate's own noise and scales."""
        u, log_scales = self.noise_of(z)
        return -0.5 * (u**2 + math.log(2 * math.pi)) - log_scales

    def log_prob(self, z: Tensor) -> Tensor:
        """(…,) nats of z (…, D)."""
        return self.log_prob_by_dimension(z).sum(-1)

    @torch.no_grad()
    def sample(self, noise: Noise) -> Tensor:
        """(B, D), one row a sample of `noise`."""
        return self.made_of(noise.normal(LATENT, self.latent))
