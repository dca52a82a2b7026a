"""Heads: the last layer of an encoder; features h (B, hidden) become the posterior q(z | x)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import NonNegativeFloat, PositiveFloat
from torch import Tensor, nn

from grammar_rae.distributions.posteriors import Gaussian, Mixture, Point
from grammar_rae.nets.initial import glorot
from grammar_rae.nets.ladder import LadderReader
from grammar_rae.nets.sizes import Components

LEAST_SIGMA = 0.001  # added to a sigmoid (published code of the variational ladder autoencoder)


class PointHead(nn.Module):
    """Deterministic codes."""

    def __init__(self, hidden: int, latent: int) -> None:
        super().__init__()
        self.mean = nn.Linear(hidden, latent).apply(glorot)

    def forward(self, h: Tensor) -> Point:
        """q of h (B, hidden), its mean (B, latent)."""
        return Point(self.mean(h))


def bounded(raw: Tensor, bound: float | None) -> Tensor:
    """The log-variance that a layer's output is; with a bound of log σ that times its tanh, twice."""
    return raw if bound is None else 2 * bound * raw.tanh()


class GaussianHead(nn.Module):
    """Mean and log-variance from the same features; draws use `noise` times σ.

    With a `bound` log σ is bound · tanh, as in the RAE paper's image models (5 there).
    """

    def __init__(
        self, hidden: int, latent: int, *, noise: NonNegativeFloat = 1.0, bound: PositiveFloat | None = None
    ) -> None:
        super().__init__()
        self.mean = nn.Linear(hidden, latent).apply(glorot)
        self.log_var = nn.Linear(hidden, latent).apply(glorot)
        self.noise = noise
        self.bound = bound

    def forward(self, h: Tensor) -> Gaussian:
        """q of h (B, hidden), mean and log-variance (B, latent)."""
        return Gaussian(self.mean(h), bounded(self.log_var(h), self.bound), self.noise)


class ConstantVarianceHead(nn.Module):
    """CV-VAE (Ghosh et al. 2020, section 2.2): draws μ + `noise` ε, KL term ||μ||² / 2.

    The divergence leaves out the part of the constant variance, which no gradient sees.
    """

    def __init__(self, hidden: int, latent: int, *, noise: NonNegativeFloat = 1.0) -> None:
        super().__init__()
        self.mean = nn.Linear(hidden, latent).apply(glorot)
        self.noise = noise

    def forward(self, h: Tensor) -> Gaussian:
        """q of h (B, hidden), mean and log-variance (B, latent)."""
        mean = self.mean(h)
        return Gaussian(mean, torch.zeros_like(mean), self.noise)


class MixtureHead(nn.Module):
    """A mixture that grows by a component at a time (Kim, Pavlovic 2020): Q_m = (1 − e_m) Q_{m−1} + e_m q_m.

    Each component has features of its own, from which its Gaussian comes as in `GaussianHead`. The share e_m of
    x is the sigmoid of a linear map of the features up to the m-th; no gradient of the shares reaches the features.
    All components begin with equal weights.
    """

    def __init__(
        self, hidden: int, latent: int, *, components: Components = 3, bound: PositiveFloat | None = None
    ) -> None:
        super().__init__()
        self.components = nn.ModuleList(GaussianHead(hidden, latent, bound=bound) for _ in range(components))
        self.shares = nn.ModuleList(_share((m + 1) * hidden, m) for m in range(1, components))

    def forward(self, h: Sequence[Tensor]) -> Mixture:
        """q of features h (B, hidden), one of each component."""
        parts = [head(own) for head, own in zip(self.components, h, strict=True)]
        fixed = [own.detach() for own in h]
        logits = [share(torch.cat(fixed[: m + 1], -1)) for m, share in enumerate(self.shares, 1)]
        return Mixture(recursive_log_weights(torch.cat(logits, 1).T), parts)


def _share(features: int, m: int) -> nn.Linear:
    """The logit of e_m, which begins as 1 / (m + 1)."""
    share = nn.Linear(features, 1)
    nn.init.zeros_(share.weight)
    nn.init.constant_(share.bias, -math.log(m))
    return share


def recursive_log_weights(logits: Tensor) -> Tensor:
    """(M + 1, B) log a_m, a_m = e_m ∏ (1 − e_j) over j > m and e_0 = 1, of the logits (M, B) of e_1 … e_M."""
    own = F.pad(F.logsigmoid(logits), (0, 0, 1, 0))
    left = F.logsigmoid(-logits).flip(0).cumsum(0).flip(0)
    return own + F.pad(left, (0, 0, 0, 1))


class RungHead(nn.Module):
    """One Gaussian a rung, each of the features of its own level; together one of independent normals.

    `sigma` is the exponential of a linear layer, where `bound` holds as in `GaussianHead`, or its sigmoid and 0.001
    (published code of Zhao, Song, Ermon 2017). ValueError where the net has not as many levels as there are rungs.
    """

    def __init__(
        self,
        hidden: int,
        reader: nn.Module,
        rungs: tuple[int, ...],
        *,
        noise: NonNegativeFloat = 1.0,
        bound: PositiveFloat | None = None,
        sigma: Literal["exponential", "sigmoid"] = "exponential",
    ) -> None:
        super().__init__()
        self.parts = reader.parts if isinstance(reader, LadderReader) else (hidden,)
        if len(self.parts) != len(rungs):
            raise ValueError(f"{len(rungs)} rungs on a net of {len(self.parts)} levels; expected one a level")
        if sigma == "sigmoid" and bound is not None:
            raise ValueError("bound is of exponentials; leave it out, or sigma = sigmoid")
        pairs = list(zip(self.parts, rungs, strict=True))
        self.means = nn.ModuleList(nn.Linear(part, rung).apply(glorot) for part, rung in pairs)
        self.spreads = nn.ModuleList(nn.Linear(part, rung).apply(glorot) for part, rung in pairs)
        self.noise = noise
        self.bound = bound
        self.sigma = sigma

    def forward(self, h: Tensor) -> Gaussian:
        """q of h (B, hidden), mean and log-variance (B, D), those of the lowest rung first."""
        parts = h.split(self.parts, 1)
        mean = torch.cat([layer(part) for layer, part in zip(self.means, parts, strict=True)], 1)
        raw = torch.cat([layer(part) for layer, part in zip(self.spreads, parts, strict=True)], 1)
        return Gaussian(mean, self._log_var(raw), self.noise)

    def _log_var(self, raw: Tensor) -> Tensor:
        if self.sigma == "sigmoid":
            return 2 * (raw.sigmoid() + LEAST_SIGMA).log()
        return bounded(raw, self.bound)
