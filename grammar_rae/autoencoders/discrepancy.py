"""Maximum mean discrepancy between samples of codes (Gretton et al. 2012), and the kernels that papers take."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Kernel = Callable[[Tensor, Tensor], Tensor]
SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def inverse_multiquadric(a: Tensor, b: Tensor) -> Tensor:
    """(n, m) of a (n, D) and b (m, D): C / (C + d²), C = 2 s D, summed over scales s (Tolstikhin et al. 2018)."""
    squared = (a[:, None] - b).square().sum(-1)
    constants = 2 * a.shape[1] * torch.tensor(SCALES, device=a.device, dtype=a.dtype)[:, None, None]
    return (constants / (constants + squared)).sum(0)


def gaussian(a: Tensor, b: Tensor) -> Tensor:
    """(n, m) of a (n, D) and b (m, D): exp(−d² / D²) (published code of Zhao, Song, Ermon 2017)."""
    squared = (a[:, None] - b).square().sum(-1)
    return (-squared / a.shape[1] ** 2).exp()


def mmd_squared(a: Tensor, b: Tensor, kernel: Kernel) -> Tensor:
    """() The unbiased estimate between samples a and b (n, D); it may be negative. 0 for n of 1, which says nothing."""
    n = len(a)
    if n == 1:
        return a.new_zeros(())
    within = sum(k.sum() - k.diagonal().sum() for k in (kernel(a, a), kernel(b, b)))
    return within / (n * (n - 1)) - 2 * kernel(a, b).mean()
