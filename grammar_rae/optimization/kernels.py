"""Kernels of counts, for Gaussian processes over what strings are made of."""

from __future__ import annotations

from typing import Any

import torch
from gpytorch.kernels import Kernel


class Tanimoto(Kernel):
    """x·y / (x·x + y·y − x·y) of count vectors, not all zero (Ralaivola et al. 2005): 1 where they are equal, 0 where
    nothing is shared. It has no length scale.
    """

    def forward(self, x1: torch.Tensor, x2: torch.Tensor, diag: bool = False, **_: Any) -> torch.Tensor:
        """(…, n, m) of counts x1 (…, n, F) and x2 (…, m, F); with `diag` (…, n), of equal rows."""
        if diag:
            shared, first, second = (x1 * x2).sum(-1), x1.square().sum(-1), x2.square().sum(-1)
        else:
            shared = x1 @ x2.mT
            first, second = x1.square().sum(-1)[..., :, None], x2.square().sum(-1)[..., None, :]
        return shared / (first + second - shared)


class Dot(Kernel):
    """x·y: every part adds its own. A dense matrix, where GPyTorch's `LinearKernel` keeps factors, slow in a sum."""

    def forward(self, x1: torch.Tensor, x2: torch.Tensor, diag: bool = False, **_: Any) -> torch.Tensor:
        """Shapes as those of `Tanimoto`."""
        return (x1 * x2).sum(-1) if diag else x1 @ x2.mT
