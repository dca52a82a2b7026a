"""Priors over codes: modules whose call returns a distribution."""

from __future__ import annotations

from typing import Literal, cast

import torch
from pydantic import NonNegativeInt, PositiveFloat
from torch import Tensor, nn

from grammar_rae.distributions.autoregressive import AutoregressiveFlow
from grammar_rae.distributions.mixtures import MixtureDistribution, RungMixture
from grammar_rae.distributions.posteriors import StandardNormal
from grammar_rae.nets.masked import MADE
from grammar_rae.nets.sizes import Layers, Sizes

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
        steps: Layers = 4,
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


class LearnedMixture(nn.Module):
    """Gaussians of learned means and covariances, as likely as one another; at first about N(0, I)."""

    weights: Tensor

    def __init__(self, latent: int, clusters: int, full: bool) -> None:
        super().__init__()
        self.means = nn.Parameter(0.1 * torch.randn(clusters, latent))
        self.log_scales = nn.Parameter(torch.zeros(clusters, latent))
        self.below = nn.Parameter(torch.zeros(clusters, latent, latent)) if full and latent > 1 else None
        self.register_buffer("weights", torch.full((clusters,), 1 / clusters), persistent=False)

    def forward(self) -> MixtureDistribution:
        """Its distribution."""
        factors = torch.diag_embed(self.log_scales.exp())
        if self.below is not None:
            factors = factors + self.below.tril(-1)
        return MixtureDistribution(self.weights, self.means, factors)

    def set(self, means: Tensor, factors: Tensor) -> None:
        """Means (K, D) and lower Cholesky factors (K, D, D); of diagonal covariances only the diagonal counts."""
        self.means.copy_(means)
        self.log_scales.copy_(factors.diagonal(dim1=1, dim2=2).log())
        if self.below is not None:
            self.below.copy_(factors.tril(-1))


class RungMixtures(nn.Module):
    """A mixture of `clusters` Gaussians over each rung, 10 where they are not stated, weights equal and fixed.

    They are fitted to the codes that training data has before epoch `fit_epoch`, counted from 0, or before the last of
    fewer epochs; 0: never. A single epoch leaves them as they are drawn.
    ValueError where there are more or fewer `clusters` than rungs.
    """

    def __init__(
        self,
        rungs: tuple[int, ...],
        *,
        clusters: Sizes | None = None,
        covariance: Literal["diagonal", "full"] = "diagonal",
        fit_epoch: NonNegativeInt = 5,
    ) -> None:
        super().__init__()
        counts = clusters or [10] * len(rungs)
        if len(counts) != len(rungs):
            raise ValueError(f"clusters {counts} of {len(rungs)} rungs; expected one number a rung")
        self.covariance = covariance
        self.fit_epoch = fit_epoch
        self.mixtures = nn.ModuleList(
            LearnedMixture(size, count, covariance == "full")
            for size, count in zip(rungs, counts, strict=True)
        )

    def forward(self) -> RungMixture:
        """p(z)."""
        return RungMixture([mixture() for mixture in self.rungs])

    @property
    def rungs(self) -> list[LearnedMixture]:
        """The mixtures, from the bottom."""
        return [cast(LearnedMixture, mixture) for mixture in self.mixtures]
