"""A Gaussian mixture that finds its number of components: truncated Dirichlet process, variational inference.

Blei, Jordan (2006), as scikit-learn's BayesianGaussianMixture has it; Ghosh et al. (2020) tried it with the
concentration 1 / components, which is the default there and here.
"""

from __future__ import annotations

import numpy as np
from pydantic import PositiveFloat
from torch import Tensor

from grammar_rae.densities.codes import SPREAD, subsample, validated
from grammar_rae.densities.density import Density
from grammar_rae.densities.mixture import from_covariances, maximise
from grammar_rae.nets.sizes import Count
from grammar_rae.progress import Report, silent


def fit(
    z: Tensor,
    seed: int = 0,
    report: Report = silent,
    *,
    components: Count = 50,
    concentration: PositiveFloat | None = None,
    iterations: Count = 200,
    floor: PositiveFloat = SPREAD,
    at_most: Count = 50_000,
) -> Density:
    """At most `components` on the codes z (n, D); those that hold less than one code are dropped.

    The density is the mixture at the posterior's means of weights, means and covariances, a proper density and
    the one that scikit-learn samples from; its own `score_samples` averages over the posterior and is none.
    No component is narrower than `floor`, a standard deviation in the units of the codes. DataError when there are
    fewer codes than components.
    """
    from sklearn.mixture import BayesianGaussianMixture

    data = subsample(validated(z, components), seed, at_most)
    model = maximise(
        lambda ridge: BayesianGaussianMixture(
            n_components=components,
            weight_concentration_prior=concentration,
            max_iter=iterations,
            random_state=seed % 2**32,
            reg_covar=ridge,
        ),
        data,
        floor,
    )
    occupied = np.flatnonzero(model.weights_ * len(data) >= 1)
    return from_covariances(model.weights_[occupied], model.means_[occupied], model.covariances_[occupied])
