"""Kullback-Leibler divergence of a posterior from a prior: closed form where there is one, else one draw."""

from __future__ import annotations

from torch import Tensor

from grammar_rae.distributions.interfaces import Latent, Posterior
from grammar_rae.distributions.posteriors import Gaussian, StandardNormal


def divergence(q: Posterior, p: Latent, z: Tensor) -> Tensor:
    """(B,) nats: KL(q ‖ p), estimated at the draw z (B, D) of q when no formula applies."""
    if isinstance(q, Gaussian) and isinstance(p, StandardNormal):
        return by_dimension(q, p).sum(-1)
    return q.log_prob(z) - p.log_prob(z)


def by_dimension(q: Gaussian, p: StandardNormal) -> Tensor:
    """(B, D) nats: KL(q ‖ p) of every coordinate by itself."""
    ratio = q.log_var - p.log_var
    scaled = (q.mean - p.mean) ** 2 / p.log_var.exp()
    return 0.5 * (ratio.exp() + scaled - 1 - ratio)
