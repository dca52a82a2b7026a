"""A Gaussian kernel on every code (Parzen 1962): nothing is assumed of the codes' shape, all of them are kept.

Ghosh et al. (2020) tried the bandwidth 0.425 in the units of their codes.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import PositiveFloat
from torch import Tensor

from grammar_rae.densities.codes import SPREAD, subsample, validated
from grammar_rae.densities.density import Density
from grammar_rae.distributions.mixtures import in_blocks
from grammar_rae.nets.sizes import Count
from grammar_rae.noise import COMPONENT, LATENT, Noise
from grammar_rae.progress import Report, silent

Bandwidth = Literal["scott", "silverman"] | PositiveFloat
BLOCK = 10_000_000  # distances held at a time


class KernelDistribution:
    """N(centre, bandwidth² I) on each of the centres (n, D), all weighing the same; bandwidth ()."""

    exact = True

    def __init__(self, centres: Tensor, bandwidth: Tensor) -> None:
        self.centres = centres
        self.bandwidth = bandwidth

    def log_prob(self, z: Tensor) -> Tensor:
        """(B,) nats of z (B, D)."""
        return in_blocks(self._log_prob, z, BLOCK // len(self.centres))

    def _log_prob(self, z: Tensor) -> Tensor:
        n, latent = self.centres.shape
        apart = torch.cdist(z, self.centres, compute_mode="donot_use_mm_for_euclid_dist") / self.bandwidth
        constant = math.log(n) + latent * (self.bandwidth.log() + 0.5 * math.log(2 * math.pi))
        return torch.logsumexp(-0.5 * apart**2, 1) - constant

    def sample(self, noise: Noise) -> Tensor:
        """(B, D), one row a sample of `noise`."""
        n, latent = self.centres.shape
        centre = (noise.uniform(COMPONENT, 1)[:, 0] * n).long().clamp(max=n - 1)
        return self.centres[centre] + self.bandwidth * noise.normal(LATENT, latent)


def fit(
    z: Tensor,
    seed: int = 0,
    report: Report = silent,
    *,
    bandwidth: Bandwidth = "scott",
    at_most: Count = 20_000,
) -> Density:
    """Kernels on a seeded choice of `at_most` of the codes z (n, D); `bandwidth` in their units, or a rule.

    With σ² the mean variance of the dimensions: «scott» is σ n^(−1/(D+4)) (Scott 1992), «silverman»
    σ (n (D+2)/4)^(−1/(D+4)) (Silverman 1986).
    """
    centres = subsample(validated(z), seed, at_most)
    return _density(centres, centres.new_tensor(_bandwidth(centres, bandwidth)))


def empty(latent: int, codes: int) -> Density:
    """Of the right sizes, to be filled by `load_state_dict`."""
    return _density(torch.zeros(codes, latent), torch.zeros(()))


def _density(centres: Tensor, bandwidth: Tensor) -> Density:
    return Density(KernelDistribution, {"codes": len(centres)}, centres=centres, bandwidth=bandwidth)


def _bandwidth(z: Tensor, given: Bandwidth) -> float:
    """The number, or what the rule of that name gives for the codes z (n, D)."""
    n, latent = z.shape
    sigma = max(z.double().var(0, correction=0).mean().sqrt().item(), SPREAD)
    rules = {"scott": n, "silverman": n * (latent + 2) / 4}
    return sigma * rules[given] ** (-1 / (latent + 4)) if isinstance(given, str) else given
