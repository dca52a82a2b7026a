"""One full-covariance Gaussian: the smallest ex-post density (Ghosh et al. 2020, section 4)."""

from __future__ import annotations

import torch
from torch import Tensor

from grammar_rae.densities.mixture import Mixture


def fit(z: Tensor, seed: int = 0, ridge: float = 1e-6) -> Mixture:
    """Maximum likelihood on the codes z (n, D), `ridge` added to the variances. Nothing is random."""
    z = z.double()
    covariance = torch.cov(z.T, correction=0).reshape(z.shape[1], z.shape[1])
    factor = torch.linalg.cholesky(covariance + ridge * torch.eye(z.shape[1], dtype=z.dtype))
    return Mixture(torch.ones(1), z.mean(0)[None], factor[None])
