"""Codes of many numbers on a plane: their two principal axes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import svd

from grammar_rae.errors import DataError

Floats = NDArray[np.floating]


class Projection(NamedTuple):
    """The plane on which codes (n, D) vary most (Pearson, 1901)."""

    mean: Floats  # (D,)
    axes: Floats  # (2, D), orthonormal, the one of most variance first; the largest entry of each is positive
    shares: Floats  # (2,) parts of the variance of the codes that lie along the axes

    @classmethod
    def fit(cls, codes: Floats) -> Projection:
        """The principal axes of codes (n, D). DataError for one code, codes of one number, or not finite ones."""
        if codes.ndim != 2 or codes.shape[1] < 2 or len(codes) < 2:
            raise DataError(f"codes of shape {codes.shape}; a map needs two codes of two numbers or more")
        if not np.isfinite(codes).all():
            raise DataError("codes that are not finite; a map needs numbers, as model.encode gives them")
        mean = codes.mean(axis=0)
        _, spreads, axes = svd(codes - mean, full_matrices=False)
        largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
        variances = spreads**2
        return cls(mean, (axes * np.sign(largest))[:2], (variances / variances.sum())[:2])

    def __call__(self, codes: Floats) -> Floats:
        """Where codes (n, D) lie on the plane, (n, 2)."""
        points: Floats = codes @ self.axes.T - self.mean @ self.axes.T
        return points
