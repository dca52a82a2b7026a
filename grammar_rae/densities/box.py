"""The uniform density on the codes' bounding box: where the papers' Bayesian optimisation looks."""

from __future__ import annotations

import torch
from torch import Tensor

from grammar_rae.densities.codes import SPREAD, validated
from grammar_rae.densities.density import Density
from grammar_rae.noise import LATENT, Noise
from grammar_rae.progress import Report, silent


class BoxDistribution:
    """Uniform between low and high (D,)."""

    exact = True

    def __init__(self, low: Tensor, high: Tensor) -> None:
        self.low = low
        self.high = high

    def log_prob(self, z: Tensor) -> Tensor:
        """(B,) nats; −inf outside."""
        inside = ((z >= self.low) & (z <= self.high)).all(-1)
        return torch.where(inside, -(self.high - self.low).log().sum(), -torch.inf)

    def sample(self, noise: Noise) -> Tensor:
        """(B, D), one row a sample of `noise`."""
        return torch.lerp(self.low, self.high, noise.uniform(LATENT, len(self.low)))


def fit(z: Tensor, seed: int = 0, report: Report = silent) -> Density:
    """Least and largest value of every dimension of z (n, D). Nothing is random.

    A dimension in which no code differs is given the width 2 · SPREAD, so that the volume is not 0.
    """
    low, high = validated(z).min(0).values, z.max(0).values
    margin = SPREAD * (low == high)
    return Density(BoxDistribution, low=low - margin, high=high + margin)


def empty(latent: int) -> Density:
    """Of the right size, to be filled by `load_state_dict`."""
    return Density(BoxDistribution, low=torch.zeros(latent), high=torch.zeros(latent))
