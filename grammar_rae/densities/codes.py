"""The codes a density is fitted on: what cannot be fitted is refused here, what is too much is thinned."""

from __future__ import annotations

import torch
from torch import Tensor

from grammar_rae.errors import DataError

SPREAD = 1e-3  # least standard deviation a density gives a dimension, one in which no code differs included


def validated(z: Tensor, components: int | None = None) -> Tensor:
    """z (n, D) as it is. DataError where codes are not finite, fewer than two, or fewer than the components.

    Dimensions in which no code differs are no error: every density gives them SPREAD.
    """
    if components is not None and components < 1:
        raise DataError(f"{components} components; expected 1 or more")
    if components is not None and len(z) < components:
        raise DataError(f"{components} components need at least as many codes; there are {len(z)}")
    if z.dim() != 2:
        raise DataError(f"codes of shape {tuple(z.shape)}; a density is fitted on (n, latent)")
    if len(z) < 2:
        raise DataError(f"{len(z)} codes; a density needs two or more")
    bad = (~z.isfinite()).any(1).nonzero()
    if len(bad):
        raise DataError(
            f"code {bad[0].item()} is not finite ({len(bad)} of {len(z)} are not); train the model again with a "
            "lower training.learning_rate"
        )
    return z


def subsample(z: Tensor, seed: int, at_most: int) -> Tensor:
    """(m, D): `at_most` of the codes z (n, D), by chance and in random order; all of them where there are no more."""
    order = torch.randperm(len(z), generator=torch.Generator().manual_seed(seed))
    return z[order[:at_most].to(z.device)]


def moments(z: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (D,) of z (n, D), the deviation SPREAD at least."""
    return z.mean(0), z.std(0, correction=0).clamp(min=SPREAD)


def covariance_factor(z: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (D,) of z (n, D), and the lower Cholesky factor (D, D) of its covariance, SPREAD² added to the variances.

    Both in double precision.
    """
    z = z.double()
    covariance = torch.cov(z.T, correction=0).reshape(z.shape[1], z.shape[1])
    ridge = SPREAD**2 * torch.eye(z.shape[1], dtype=z.dtype, device=z.device)
    return z.mean(0), torch.linalg.cholesky(covariance + ridge)
