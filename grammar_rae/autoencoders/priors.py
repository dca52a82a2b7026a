"""Priors over codes: modules whose call returns a distribution."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from grammar_rae.distributions.posteriors import StandardNormal


class Standard(nn.Module):
    """N(0, I), the prior of every variational model here."""

    zeros: Tensor

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.register_buffer("zeros", torch.zeros(latent))

    def forward(self) -> StandardNormal:
        """p(z)."""
        return StandardNormal(self.zeros)
