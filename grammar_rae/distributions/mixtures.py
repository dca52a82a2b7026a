"""Mixtures of Gaussians over codes, and over the rungs of codes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from grammar_rae.noise import COMPONENT, LATENT, Noise


def in_blocks(log_prob: Callable[[Tensor], Tensor], z: Tensor, rows: int) -> Tensor:
    """log_prob (B, …) of z (B, D), at most `rows` codes at a time to bound memory."""
    return torch.cat([log_prob(part) for part in z.split(max(1, rows))])


BLOCK = 10_000_000  # numbers held at a time


class MixtureDistribution:
    """Weights (K,), means (K, D), lower Cholesky factors (K, D, D) of the covariances."""

    exact = True

    def __init__(self, weights: Tensor, means: Tensor, factors: Tensor) -> None:
        self.weights = weights
        self.means = means
        self.factors = factors

    def log_prob(self, z: Tensor) -> Tensor:
        """(B,) nats of z (B, D)."""
        return in_blocks(lambda part: torch.logsumexp(self.joint(part), 0), z, BLOCK // self.means.numel())

    def responsibilities(self, z: Tensor) -> Tensor:
        """(B, K) p(component | z) of z (B, D)."""
        return in_blocks(lambda part: self.joint(part).T.softmax(1), z, BLOCK // self.means.numel())

    def joint(self, z: Tensor) -> Tensor:
        """(K, B) nats: log p(component, z) of z (B, D)."""
        offsets = (z[:, None] - self.means).transpose(0, 1).transpose(1, 2)  # (K, D, B)
        scaled = torch.linalg.solve_triangular(self.factors, offsets, upper=False).square().sum(1)
        half_log_det = self.factors.diagonal(dim1=1, dim2=2).log().sum(1)
        constant = 0.5 * self.means.shape[1] * math.log(2 * math.pi)
        return self.weights.log()[:, None] - half_log_det[:, None] - constant - scaled / 2

    def sample(self, noise: Noise) -> Tensor:
        """(B, D), one row a sample of `noise`."""
        return self.drawn(noise.uniform(COMPONENT, 1), noise.normal(LATENT, self.means.shape[1]))

    def drawn(self, u: Tensor, eps: Tensor) -> Tensor:
        """(B, D) of u (B, 1), uniform, which choose the components, and eps (B, D), normal."""
        component = (self.weights.cumsum(0) <= u * self.weights.sum()).sum(1).clamp(max=len(self.weights) - 1)
        return self.drawn_of(component, eps)

    def drawn_of(self, component: Tensor, eps: Tensor) -> Tensor:
        """(B, D) of those components (B,) and eps (B, D), normal."""
        z = self.means[component]
        for k, factor in enumerate(self.factors):  # (B, D, D) would be gathered otherwise
            z = torch.where((component == k)[:, None], z + eps @ factor.T, z)
        return z


class RungMixture:
    """Independent mixtures, one over each rung of a code."""

    exact = True

    def __init__(self, rungs: Sequence[MixtureDistribution]) -> None:
        self.rungs = rungs
        self.sizes = [rung.means.shape[1] for rung in rungs]

    def log_prob(self, z: Tensor) -> Tensor:
        """(B,) nats of z (B, D)."""
        parts = zip(self.rungs, z.split(self.sizes, -1), strict=True)
        return torch.stack([rung.log_prob(part) for rung, part in parts]).sum(0)

    def responsibilities(self, z: Tensor) -> list[Tensor]:
        """(B, K) p(component | z) of z (B, D), one a rung: in closed form what an amortised q(y | z) would learn."""
        parts = zip(self.rungs, z.split(self.sizes, -1), strict=True)
        return [rung.responsibilities(part) for rung, part in parts]

    def sample(self, noise: Noise) -> Tensor:
        """(B, D), one row a sample of `noise`."""
        u = noise.uniform(COMPONENT, len(self.rungs)).split(1, -1)
        eps = noise.normal(LATENT, sum(self.sizes)).split(self.sizes, -1)
        return torch.cat([rung.drawn(*given) for rung, *given in zip(self.rungs, u, eps, strict=True)], -1)

    @torch.no_grad()
    def sample_of(self, rung: int, component: int, noise: Noise) -> Tensor:
        """(B, D) as `sample`, but that a rung, from 0, is drawn of one component."""
        parts = list(self.sample(noise).split(self.sizes, -1))
        eps = noise.normal(LATENT, sum(self.sizes)).split(self.sizes, -1)[rung]
        chosen = torch.full((len(eps),), component, device=eps.device)
        parts[rung] = self.rungs[rung].drawn_of(chosen, eps)
        return torch.cat(parts, -1)
