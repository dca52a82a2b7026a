"""A Gaussian mixture with full covariances, fitted by scikit-learn: the RAE paper's ex-post density."""

from __future__ import annotations

import warnings

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor

from grammar_rae.densities.mixture import Mixture


def fit(
    z: Tensor, seed: int = 0, components: int = 10, iterations: int = 100, at_most: int = 50_000
) -> Mixture:
    """EM from k-means on the codes z (n, D), on a seeded choice of `at_most` of them.

    Raises ValueError when there are fewer codes than components.
    """
    if len(z) < components:
        raise ValueError(f"{components} components need at least as many codes; there are {len(z)}")
    chosen = torch.randperm(len(z), generator=torch.Generator().manual_seed(seed))[:at_most]
    model = GaussianMixture(components, max_iter=iterations, random_state=seed, reg_covar=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # EM's last iterations change little
        model.fit(z[chosen].double().numpy())
    factors = torch.linalg.cholesky(torch.as_tensor(model.covariances_))
    return Mixture(torch.as_tensor(model.weights_), torch.as_tensor(model.means_), factors)
