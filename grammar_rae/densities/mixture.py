"""A mixture of full-covariance Gaussians over codes, and how scikit-learn fits one robustly and repeatably."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from grammar_rae.densities.density import Density
from grammar_rae.distributions.mixtures import MixtureDistribution
from grammar_rae.errors import DataError

RAISED = [100**k for k in range(6)]  # times the ridge: the first with which EM goes through


def mixture(weights: Tensor, means: Tensor, factors: Tensor) -> Density:
    """From weights (K,), means (K, D) and lower Cholesky factors (K, D, D)."""
    sizes = {"components": len(weights)}
    return Density(MixtureDistribution, sizes, weights=weights, means=means, factors=factors)


def from_covariances(weights: ArrayLike, means: ArrayLike, covariances: ArrayLike) -> Density:
    """From weights (K,), scaled to sum to 1, means (K, D) and covariances (K, D, D)."""
    shares = torch.as_tensor(weights)
    factors = torch.linalg.cholesky(torch.as_tensor(covariances))
    return mixture(shares / shares.sum(), torch.as_tensor(means), factors)


def empty(latent: int, components: int) -> Density:
    """Of the right sizes, to be filled by `load_state_dict`."""
    k, d = components, latent
    return mixture(torch.zeros(k), torch.zeros(k, d), torch.zeros(k, d, d))


def maximise(make: Callable[[float], Any], z: Tensor, floor: float) -> Any:
    """`make(ridge)`, a mixture of scikit-learn's, fitted on z (n, D) in double precision; `ridge` is added to the
    variances and is the square of `floor`.

    A component that holds few codes, or codes of a large scale, may have a covariance that rounds to a
    singular one; the ridge is then raised a hundredfold, up to 10¹⁰. DataError where that does not help.
    """
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    data = z.double().cpu().numpy()
    # k-means, which begins EM, sums what its threads give in the order in which they end: it has one thread here
    with warnings.catch_warnings(), threadpool_limits(1, "openmp"):
        warnings.simplefilter("ignore", ConvergenceWarning)  # EM's last iterations, and equal codes
        for ridge in [floor**2 * factor for factor in RAISED]:
            try:
                return make(ridge).fit(data)
            except ValueError as error:
                if "covariance" not in str(error):
                    raise
                reason = error
    raise DataError(f"no mixture fits these {len(z)} codes; give fewer components") from reason
