"""Kullback-Leibler divergence of a posterior from a prior: closed form where there is one, else one draw."""

from __future__ import annotations

from torch import Tensor

from grammar_rae.distributions.autoregressive import AutoregressiveFlow
from grammar_rae.distributions.interfaces import Latent, Posterior
from grammar_rae.distributions.posteriors import FullGaussian, Gaussian, StandardNormal


def divergence(q: Posterior, p: Latent, z: Tensor) -> Tensor:
    """(B,) nats: KL(q ‖ p), estimated at the draw z (B, D) of q when no formula applies."""
    if isinstance(q, FullGaussian) and isinstance(p, StandardNormal):
        squares = q.total_variance + q.mean.square().sum(-1)
        return 0.5 * (squares - q.mean.shape[-1]) + q.half_log_det
    parts = by_dimension(q, p, z)
    return q.log_prob(z) - p.log_prob(z) if parts is None else parts.sum(-1)


def by_dimension(q: Posterior, p: Latent, z: Tensor) -> Tensor | None:
    """(B, D) nats: the parts of KL(q ‖ p), a coordinate each, of independent normals q; None where it has none.

    In closed form against N(0, I); against a flow, coordinate after coordinate, estimated at the draw z (B, D) of q.
    """
    if not isinstance(q, Gaussian):
        return None
    if isinstance(p, StandardNormal):
        ratio = q.log_var - p.log_var
        scaled = (q.mean - p.mean) ** 2 / p.log_var.exp()
        return 0.5 * (ratio.exp() + scaled - 1 - ratio)
    if isinstance(p, AutoregressiveFlow):
        return q.log_prob_by_dimension(z) - p.log_prob_by_dimension(z)
    return None
