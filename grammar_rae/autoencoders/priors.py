"""Priors over codes: modules whose call returns a distribution."""

from __future__ import annotations

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn

from grammar_rae.distributions.autoregressive import AutoregressiveFlow
from grammar_rae.distributions.posteriors import StandardNormal
from grammar_rae.nets.masked import MADE
from grammar_rae.nets.sizes import Sizes

WIDTHS = [640, 640]


class Standard(nn.Module):
    """N(0, I)."""

    zeros: Tensor

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.register_buffer("zeros", torch.zeros(latent))

    def forward(self) -> StandardNormal:
        """p(z)."""
        return StandardNormal(self.zeros)


class _Step(nn.Module):
    """A net's shift and log-scale, the latter held within ±`bound`, or 0 where there is only a shift."""

    def __init__(self, net: MADE, bound: float) -> None:
        super().__init__()
        self.net = net
        self.bound = bound

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Shift and log-scale (…, D) of z (…, D)."""
        shift, *rest = self.net(z).unbind(-2)
        if not rest:
            return shift, torch.zeros_like(shift)
        return shift, self.bound * (rest[0] / self.bound).tanh()


class FlowPrior(nn.Module):
    """An autoregressive flow of `steps`, each a MADE with layers of `widths`, the order reversed from step to step.

    Chen et al., "Variational Lossy Autoencoder" (ICLR 2017), section 3.2, whose flow on two-level images is
    `mean_only`: its Jacobian has determinant 1. Log-scales stay within ±`bound`, ours, so that no draw explodes.
    """

    def __init__(
        self,
        latent: int,
        *,
        steps: PositiveInt = 4,
        widths: Sizes = WIDTHS,
        mean_only: bool = False,
        bound: PositiveFloat = 3.0,
    ) -> None:
        super().__init__()
        outputs = 1 if mean_only else 2
        self.steps = nn.ModuleList(
            _Step(MADE(latent, outputs, widths, reversed=bool(i % 2)), bound) for i in range(steps)
        )
        self.latent = latent

    def forward(self) -> AutoregressiveFlow:
        """p(z)."""
        return AutoregressiveFlow(list(self.steps), self.latent)
