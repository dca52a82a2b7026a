"""Priors over codes: modules whose call returns a distribution."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from grammar_rae.distributions.codes import Gaussian
from grammar_rae.noise import LATENT, Noise


class StandardNormal(Gaussian):
    """N(0, I) over codes of the size of `zeros` (D,)."""

    def __init__(self, zeros: Tensor) -> None:
        super().__init__(zeros, zeros)

    def sample(self, noise: Noise) -> Tensor:
        """(B, D), one row a sample of `noise`."""
        return noise.normal(LATENT, len(self.mean))


class Standard(nn.Module):
    """N(0, I), the prior of every variational model here."""

    zeros: Tensor

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.register_buffer("zeros", torch.zeros(latent))

    def forward(self) -> StandardNormal:
        return StandardNormal(self.zeros)
