"""MAE: Ma, Zhou, Hovy, "MAE: Mutual Posterior-Divergence Regularization for Variational AutoEncoders" (ICLR 2019).

A VAE whose prior is a flow, and two terms of the divergences K_ij = KL(q_i ‖ q_j) between the posteriors of a batch,
i ≠ j: `diverse` (η) drives posteriors apart until that is far enough, `smooth` (γ) evens the distances out. The paper's
η and γ are not published; η = 1 and γ = 0.01 are a reproduction's. Processes of a parallel run take pairs of their own
share of a batch.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from grammar_rae.autoencoders.terms import KL, LIKELIHOOD, Pass
from grammar_rae.autoencoders.variant import Variant
from grammar_rae.distributions.posteriors import Gaussian
from grammar_rae.errors import RecipeError


def mean_pairwise(q: Gaussian) -> Tensor:
    """(D,) nats: the mean of K_ij over the B (B − 1) ordered pairs, coordinate by coordinate; B > 1."""
    n, precision = len(q.mean), (-q.log_var).exp()
    offset = q.mean - q.mean.mean(0)
    squares = (
        offset.square().sum(0) + n * offset.square()
    )  # (B, D): Σ_i (m_i − m_j)², for the offsets sum to 0
    ratios = q.log_var.exp().sum(0) * precision.sum(0) - n**2  # Σ_ij v_i / v_j − 1; the logarithms cancel
    return 0.5 * (ratios + (squares * precision).sum(0)) / (n * (n - 1))


def pairwise(q: Gaussian) -> Tensor:
    """(B, B) nats: K_ij, summed over coordinates."""
    precision, offset = (-q.log_var).exp(), q.mean - q.mean.mean(0)
    with torch.autocast(q.mean.device.type, enabled=False):
        ratios = (q.log_var.exp() + offset.square()) @ precision.T
        crossed = offset @ (offset * precision).T
    own = (offset.square() * precision).sum(-1)
    log_dets = q.log_var.sum(-1)
    return 0.5 * (ratios - 2 * crossed + own - log_dets[:, None] + log_dets - q.mean.shape[-1])


def diverse(run: Pass) -> Tensor:
    """() Σ_d softplus(−mean of K_ij,d); D log 2 for a batch of one, as for equal posteriors."""
    q = _gaussian(run)
    apart = mean_pairwise(q) if len(q.mean) > 1 else q.mean[0] * 0
    return F.softplus(-apart).sum()


def smooth(run: Pass) -> Tensor:
    """() The standard deviation, n − 1 below, of K_ij over the ordered pairs; 0 for a batch of one."""
    q = _gaussian(run)
    n = len(q.mean)
    if n < 2:
        return q.mean.new_zeros(())
    apart = pairwise(q)[~torch.eye(n, dtype=torch.bool, device=q.mean.device)]
    variance = (apart - apart.mean()).square().sum() / (n * (n - 1) - 1)
    return variance.clamp(min=1e-12).sqrt()  # of 0 the root has no slope


def _gaussian(run: Pass) -> Gaussian:
    if not isinstance(run.q, Gaussian):
        raise RecipeError("pairs of posteriors are compared in closed form; expected independent normals")
    single = torch.promote_types(
        run.q.mean.dtype, torch.float32
    )  # near posteriors differ by less than a half holds
    return Gaussian(run.q.mean.to(single), run.q.log_var.to(single), run.q.noise)


MUTUAL = Variant(
    {**LIKELIHOOD, "kl": (KL, 1.0), "diverse": (diverse, 1.0), "smooth": (smooth, 0.01)}, "gaussian", "flow"
)
