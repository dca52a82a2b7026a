"""Encoders: a network and a head; calling one gives the posterior q(z | x)."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from pydantic import NonNegativeFloat
from torch import Tensor, nn

from grammar_rae.distributions.interfaces import Posterior
from grammar_rae.distributions.posteriors import Gaussian, Point
from grammar_rae.nets.initial import glorot


class PointHead(nn.Module):
    """Deterministic codes."""

    def __init__(self, hidden: int, latent: int) -> None:
        super().__init__()
        self.mean = nn.Linear(hidden, latent).apply(glorot)

    def forward(self, h: Tensor) -> Point:
        return Point(self.mean(h))


class GaussianHead(nn.Module):
    """Mean and log-variance from the same features; draws use `noise` times σ.

    With a `bound` log σ is bound · tanh, as in the RAE paper's image models (5 there).
    """

    def __init__(
        self,
        hidden: int,
        latent: int,
        *,
        noise: float = 1.0,
        bound: float | None = None,
    ) -> None:
        super().__init__()
        self.mean = nn.Linear(hidden, latent).apply(glorot)
        self.log_var = nn.Linear(hidden, latent).apply(glorot)
        self.noise = noise
        self.bound = bound

    def forward(self, h: Tensor) -> Gaussian:
        raw = self.log_var(h)
        return Gaussian(self.mean(h), raw if self.bound is None else 2 * self.bound * raw.tanh(), self.noise)


class ConstantVarianceHead(nn.Module):
    """CV-VAE (Ghosh et al. 2020, section 2.2): draws μ + `noise` ε, KL term ||μ||² / 2.

    The divergence leaves out the part of the constant variance, which no gradient sees.
    """

    def __init__(self, hidden: int, latent: int, *, noise: float = 1.0) -> None:
        super().__init__()
        self.mean = nn.Linear(hidden, latent).apply(glorot)
        self.noise = noise

    def forward(self, h: Tensor) -> Gaussian:
        mean = self.mean(h)
        return Gaussian(mean, torch.zeros_like(mean), self.noise)


class Columns(nn.Module):
    """x (B, T) int → output columns (B, steps), padded with the column of the padding symbol."""

    column: Tensor

    def __init__(self, column: NDArray[np.integer], steps: int, pad: int) -> None:
        super().__init__()
        self.register_buffer("column", torch.as_tensor(column), persistent=False)
        self.steps = steps
        self.pad = pad

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(self.column[x.long()], (0, self.steps - x.shape[1]), value=self.pad)


class Intensities(nn.Module):
    """x (B, C, H, W) uint8 → intensities from −1 to 1; `jitter` is noise on them in training.

    The jitter is N(0, j²) on intensities from 0 to 1, cut off at ±j (Ghosh et al. 2020, code of WAE on CelebA).
    """

    def __init__(self, *, jitter: NonNegativeFloat = 0.0) -> None:
        super().__init__()
        self.jitter = jitter

    def forward(self, x: Tensor) -> Tensor:
        intensities = x / 255
        if self.jitter and self.training:
            noise = self.jitter * torch.randn_like(intensities)
            intensities = intensities + noise.clamp(-self.jitter, self.jitter)
        return 2 * intensities - 1


class Encoder(nn.Module):
    """Rows x (B, …) → what a net reads → net → head."""

    def __init__(self, inputs: nn.Module, net: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.inputs = inputs
        self.net = net
        self.head = head

    def forward(self, x: Tensor) -> Posterior:
        q: Posterior = self.head(self.net(self.inputs(x)))
        return q
