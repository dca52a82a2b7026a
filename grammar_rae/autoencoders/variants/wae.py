"""WAE-MMD: Tolstikhin, Bousquet, Gelly, Schölkopf, "Wasserstein Auto-Encoders" (ICLR 2018).

Deterministic codes, drawn towards N(0, I) by an unbiased estimate of the squared maximum mean discrepancy
under inverse multiquadric kernels: C / (C + d²), C = 2 s D for each scale s, summed.
"""

from __future__ import annotations

import torch
from torch import Tensor

from grammar_rae.autoencoders.terms import LIKELIHOOD, Pass
from grammar_rae.autoencoders.variant import Variant

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def kernel(a: Tensor, b: Tensor) -> Tensor:
    """(n, m) of a (n, D) and b (m, D): the sum of the kernels of all scales."""
    squared = (a[:, None] - b).square().sum(-1)
    constants = 2 * a.shape[1] * torch.tensor(SCALES, device=a.device, dtype=a.dtype)[:, None, None]
    return (constants / (constants + squared)).sum(0)


def mmd_squared(a: Tensor, b: Tensor) -> Tensor:
    """() The unbiased estimate between samples a and b (n, D), n > 1; it may be negative (Gretton et al. 2012)."""
    n = len(a)
    within = sum(k.sum() - k.diagonal().sum() for k in (kernel(a, a), kernel(b, b)))
    return within / (n * (n - 1)) - 2 * kernel(a, b).mean()


def mmd(run: Pass) -> Tensor:
    """() between the batch's codes and as many draws of N(0, I); 0 for a batch of one, which says nothing."""
    return mmd_squared(run.z, torch.randn_like(run.z)) if len(run.z) > 1 else run.z.new_zeros(())


WAE = Variant({**LIKELIHOOD, "mmd": (mmd, 10.0)}, "point", "standard")
