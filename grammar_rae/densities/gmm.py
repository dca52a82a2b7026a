"""A Gaussian mixture with full covariances, fitted by scikit-learn: the RAE paper's ex-post density.

Ghosh et al. (2020) use 10 components and tried 1, 20, 100 and 200.
"""

from __future__ import annotations

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
    components: Count = 10,
    iterations: Count = 100,
    floor: PositiveFloat = SPREAD,
    at_most: Count = 50_000,
) -> Density:
    """EM from k-means on the codes z (n, D), on a seeded choice of `at_most` of them.

    No component is narrower than `floor`, a standard deviation in the units of the codes. DataError when there are
    fewer codes than components.
    """
    from sklearn.mixture import GaussianMixture

    model = maximise(
        lambda ridge: GaussianMixture(
            components, max_iter=iterations, random_state=seed % 2**32, reg_covar=ridge
        ),
        subsample(validated(z, components), seed, at_most),
        floor,
    )
    return from_covariances(model.weights_, model.means_, model.covariances_)
