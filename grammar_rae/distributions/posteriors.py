"""Distributions over codes: a point (deterministic encoders), Gaussians of diagonal and full covariance, mixtures,
and N(0, I).

The published Grammar VAE draws z = μ + exp(log σ² / 2) ε with ε ~ N(0, 0.01²) while its KL term takes σ
as it stands (Kusner et al. 2017, code): `noise` is that 0.01, and 1 is the textbook posterior.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from grammar_rae.noise import COMPONENT, LATENT, POSTERIOR, Noise


class Point:
    """All mass on `mean` (B, D)."""

    proper = False

    def __init__(self, mean: Tensor) -> None:
        self.mean = mean

    def rsample(self, shape: tuple[int, ...] = ()) -> Tensor:
        """(*shape, B, D): the point."""
        return self.mean.expand(*shape, *self.mean.shape)

    def sample(self, noise: Noise) -> Tensor:
        """(B, D): the point."""
        return self.mean.detach()

    def log_prob(self, z: Tensor) -> Tensor:
        """(*shape, B): the logarithm of the mass on z, 0 at the point and −inf elsewhere."""
        return torch.where((z == self.mean).all(-1), 0.0, -torch.inf)


class Gaussian:
    """Independent normals, mean and log-variance (B, D); draws use `noise` times σ."""

    def __init__(self, mean: Tensor, log_var: Tensor, noise: float = 1.0) -> None:
        self.mean = mean
        self.log_var = log_var
        self.noise = noise

    @property
    def proper(self) -> bool:
        """Whether draws follow the variance that `log_prob` knows."""
        return self.noise == 1

    def rsample(self, shape: tuple[int, ...] = ()) -> Tensor:
        """(*shape, B, D) from torch's global generator: the training draw."""
        eps = torch.randn(*shape, *self.mean.shape, dtype=self.mean.dtype, device=self.mean.device)
        return self.mean + self.noise * (self.log_var / 2).exp() * eps

    def sample(self, noise: Noise) -> Tensor:
        """(B, D) from counter-based noise."""
        eps = noise.normal(POSTERIOR, self.mean.shape[-1])
        return (self.mean + self.noise * (self.log_var / 2).exp() * eps).detach()

    def log_prob(self, z: Tensor) -> Tensor:
        """(*shape, B) nats of z (*shape, B, D), σ as it stands."""
        return self.log_prob_by_dimension(z).sum(-1)

    def log_prob_by_dimension(self, z: Tensor) -> Tensor:
        """(*shape, B, D) nats of z (*shape, B, D), whose sum is `log_prob`."""
        scaled = (z - self.mean) ** 2 / self.log_var.exp()
        return -0.5 * (scaled + self.log_var + math.log(2 * math.pi))


class Mixture:
    """K Gaussians an item, each with mean and log-variance (B, D), under log-weights (K, B)."""

    proper = True

    def __init__(self, log_weights: Tensor, parts: Sequence[Gaussian]) -> None:
        self.log_weights = log_weights
        self.parts = parts

    @cached_property
    def components(self) -> Gaussian:
        """All of them, mean and log-variance (K, B, D): its draw is one of every component."""
        return Gaussian(
            torch.stack([part.mean for part in self.parts]),
            torch.stack([part.log_var for part in self.parts]),
        )

    @cached_property
    def mean(self) -> Tensor:
        """(B, D), which may lie between the components."""
        return (self.log_weights.exp()[..., None] * self.components.mean).sum(0)

    def first(self, count: int) -> Mixture:
        """The first components alone, in the same proportions."""
        return Mixture(self.log_weights[:count].log_softmax(0), self.parts[:count])

    def detached(self) -> Mixture:
        """The same mixture, without gradients."""
        parts = [Gaussian(part.mean.detach(), part.log_var.detach()) for part in self.parts]
        return Mixture(self.log_weights.detach(), parts)

    def rsample(self, shape: tuple[int, ...] = ()) -> Tensor:
        """(*shape, B, D) from torch's global generator; gradients reach the components drawn, not the weights."""
        mean = self.components.mean
        u = torch.rand(*shape, mean.shape[1], 1, dtype=mean.dtype, device=mean.device)
        return self._of(u, torch.randn(*shape, *mean.shape[1:], dtype=mean.dtype, device=mean.device))

    def sample(self, noise: Noise) -> Tensor:
        """(B, D) from counter-based noise."""
        eps = noise.normal(POSTERIOR, self.components.mean.shape[-1])
        return self._of(noise.uniform(COMPONENT, 1), eps).detach()

    def log_prob(self, z: Tensor) -> Tensor:
        """(*shape, B) nats of z (*shape, B, D)."""
        return (self.log_weights + self.components.log_prob(z.unsqueeze(-3))).logsumexp(-2)

    def _of(self, u: Tensor, eps: Tensor) -> Tensor:
        """Draws of the components that u (*shape, B, 1) chooses, by eps (*shape, B, D)."""
        below = self.log_weights.exp().cumsum(0)[:-1].T  # (B, K − 1)
        drawn = (u >= below).sum(-1)
        rows = torch.arange(drawn.shape[-1], device=drawn.device)
        mean, log_var = self.components.mean[drawn, rows], self.components.log_var[drawn, rows]
        return mean + (log_var / 2).exp() * eps


class FullGaussian:
    """A normal of mean (B, D) and full covariance (L Lᵀ)⁻¹, its precision by the lower Cholesky factor L (B, D, D)."""

    proper = True

    def __init__(self, mean: Tensor, factor: Tensor) -> None:
        self.mean = mean
        self.factor = factor

    def _at(self, eps: Tensor) -> Tensor:
        """μ + L⁻ᵀ ε of ε (*shape, B, D)."""
        columns = eps.reshape(-1, *self.mean.shape).permute(1, 2, 0)  # (B, D, draws): no factor is copied
        offsets = torch.linalg.solve_triangular(self.factor.mT, columns, upper=True)
        return self.mean + offsets.permute(2, 0, 1).reshape(eps.shape)

    def rsample(self, shape: tuple[int, ...] = ()) -> Tensor:
        """(*shape, B, D) from torch's global generator: the training draw."""
        return self._at(torch.randn(*shape, *self.mean.shape, dtype=self.mean.dtype, device=self.mean.device))

    def sample(self, noise: Noise) -> Tensor:
        """(B, D) from counter-based noise."""
        return self._at(noise.normal(POSTERIOR, self.mean.shape[-1])).detach()

    def log_prob(self, z: Tensor) -> Tensor:
        """(*shape, B) nats of z (*shape, B, D)."""
        offsets = (z - self.mean).reshape(-1, *self.mean.shape).transpose(0, 1)  # (B, draws, D)
        squared = (offsets @ self.factor).square().sum(-1).T.reshape(z.shape[:-1])
        return self.half_log_det - 0.5 * (squared + self.mean.shape[-1] * math.log(2 * math.pi))

    @property
    def half_log_det(self) -> Tensor:
        """(B,) half the logarithm of the precision's determinant."""
        return self.factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    @property
    def total_variance(self) -> Tensor:
        """(B,) the trace of the covariance."""
        eye = torch.eye(self.mean.shape[-1], dtype=self.mean.dtype, device=self.mean.device)
        inverse = torch.linalg.solve_triangular(self.factor, eye.expand_as(self.factor), upper=False)
        return inverse.square().sum((-2, -1))


class StandardNormal:
    """N(0, I) over codes of the size of `zeros` (D,), its mean and its log-variance."""

    exact = True

    def __init__(self, zeros: Tensor) -> None:
        self.mean = zeros
        self.log_var = zeros

    def log_prob(self, z: Tensor) -> Tensor:
        """(*shape, B) nats of z (*shape, B, D)."""
        return -0.5 * (z**2 + math.log(2 * math.pi)).sum(-1)

    def sample(self, noise: Noise) -> Tensor:
        """(B, D), one row a sample of `noise`."""
        return noise.normal(LATENT, len(self.mean))
