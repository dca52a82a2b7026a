"""One full-covariance Gaussian: the smallest ex-post density (Ghosh et al. 2020, section 4)."""

from __future__ import annotations

import torch
from torch import Tensor

from grammar_rae.densities.codes import covariance_factor, validated
from grammar_rae.densities.density import Density
from grammar_rae.densities.mixture import mixture
from grammar_rae.progress import Report, silent


def fit(z: Tensor, seed: int = 0, report: Report = silent) -> Density:
    """Maximum likelihood on the codes z (n, D), SPREAD² added to the variances. Nothing is random."""
    mean, factor = covariance_factor(validated(z))
    return mixture(torch.ones(1, device=z.device), mean[None], factor[None])
