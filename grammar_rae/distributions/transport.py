"""Distributions over codes by following a velocity from noise."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import jvp, vmap

from grammar_rae.distributions.mixtures import in_blocks
from grammar_rae.distributions.posteriors import StandardNormal
from grammar_rae.noise import LATENT, Noise

ROWS = 64  # samples that are moved at a time, always as many: a product's bits depend on its shape
SLOPES = 4096  # derivatives of codes that are held at a time


class TransportDistribution:
    """That of u(1) where u(0) is distributed as `base` and du/dt = velocity(u, t), by so many midpoint `steps`.

    The change of log-density along the way is minus the divergence of the velocity (Chen, Rubanova, Bettencourt,
    Duvenaud 2018, theorem 1), here the trace of its whole Jacobian, which no estimate replaces. What is left is the
    error of the steps, of second order in their length.
    """

    exact = True

    def __init__(
        self, velocity: Callable[[Tensor, Tensor], Tensor], base: StandardNormal, steps: int
    ) -> None:
        self.velocity = velocity
        self.base = base
        self.steps = steps

    def log_prob(self, z: Tensor) -> Tensor:
        """(B,) nats of z (B, D)."""
        return in_blocks(self._log_prob, z, SLOPES // z.shape[1])

    def _log_prob(self, u: Tensor) -> Tensor:
        grown, step = u.new_zeros(len(u)), 1 / self.steps
        for k in reversed(range(self.steps)):
            halfway = u - step / 2 * self.velocity(u, self._time(u, k + 1.0))
            slope, divergence = self.divergence(halfway, self._time(u, k + 0.5))
            u, grown = u - step * slope, grown + step * divergence
        return self.base.log_prob(u) - grown

    def sample(self, noise: Noise) -> Tensor:
        """(B, D), one row a sample of `noise`."""
        u = noise.normal(LATENT, len(self.base.mean))
        filled = torch.cat([u, u.new_zeros(-len(u) % ROWS, u.shape[1])])
        return in_blocks(self._moved, filled, ROWS)[: len(u)]

    def _moved(self, u: Tensor) -> Tensor:
        step = 1 / self.steps
        for k in range(self.steps):
            halfway = u + step / 2 * self.velocity(u, self._time(u, float(k)))
            u = u + step * self.velocity(halfway, self._time(u, k + 0.5))
        return u

    def _time(self, u: Tensor, step: float) -> Tensor:
        return u.new_full((1, 1), step / self.steps)

    def divergence(self, u: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """The velocity (B, D) of u (B, D) at t, and the trace (B,) of its Jacobian."""

        def along(direction: Tensor) -> tuple[Tensor, Tensor]:
            velocity, slope, *_ = jvp(lambda v: self.velocity(v, t), (u,), (direction.expand_as(u),))
            return velocity, (slope * direction).sum(-1)

        velocities, diagonal = vmap(along)(torch.eye(u.shape[1], dtype=u.dtype, device=u.device))
        return velocities[0], diagonal.sum(0)
