"""Mixtures that scikit-learn fits by expectation-maximisation, made robust and repeatable."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from torch import Tensor

from grammar_rae.densities.codes import SPREAD
from grammar_rae.errors import DataError

RIDGES = [
    SPREAD**2 * 100**k for k in range(6)
]  # added to the variances: the first with which EM goes through


def maximise(make: Callable[[float], Any], z: Tensor) -> Any:
    """`make(ridge)` fitted on z (n, D) in double precision.

    A component that holds few codes, or codes of a large scale, may have a covariance that rounds to a
    singular one; the ridge is then raised a hundredfold, up to 10⁴. k-means, which begins EM, adds up what its
    threads found in the order they end, so that it has one thread here.
    """
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    data = z.double().cpu().numpy()
    with warnings.catch_warnings(), threadpool_limits(1, "openmp"):
        warnings.simplefilter("ignore", ConvergenceWarning)  # EM's last iterations, and equal codes
        for ridge in RIDGES:
            try:
                return make(ridge).fit(data)
            except ValueError as error:
                if "covariance" not in str(error):
                    raise
                reason = error
    raise DataError(f"no mixture fits these {len(z)} codes; give fewer components") from reason
