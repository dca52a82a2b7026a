"""How good images are: distances between sets of features, precision and recall, reconstruction error.

Features are arrays (n, d) that any network may give (`evaluation.images.features`). Only a distance on the features of
the standard Inception network may be called FID, and no two networks' distances may be compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
CLUSTERS, ANGLES, RUNS, BETA = 20, 1001, 10, 8.0
EDGE = 1e-10  # how far from 0 and π / 2 the angles end


def frechet(first: NDArray[np.floating], second: NDArray[np.floating]) -> float | None:
    """||μ − μ'||² + tr(Σ + Σ' − 2 (Σ Σ')^½) of features (n, d) and (m, d): the Fréchet distance of two Gaussians.

    0 for equal moments, lower is better (Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", 2017). It
    is biased upwards for few items, so compare sets of one size. None where a set has fewer than two.
    """
    if min(len(first), len(second)) < 2:
        return None
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    offset = a.mean(0) - b.mean(0)
    first_cov, second_cov = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b))
    values, vectors = np.linalg.eigh(first_cov)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    cross = np.sqrt(
        np.linalg.eigvalsh(root @ second_cov @ root).clip(min=0)
    ).sum()  # tr (Σ Σ')^½, symmetrically
    return float(max(offset @ offset + np.trace(first_cov) + np.trace(second_cov) - 2 * cross, 0.0))


@dataclass(frozen=True)
class Curve:
    """Precision and recall (angles,) of generated images against real ones, both from 0 to 1, higher is better."""

    precision: Array
    recall: Array

    @property
    def f8(self) -> float:
        """The best F with β = 8, which weighs recall: how much of the real images is covered."""
        return _best(self.precision, self.recall, BETA)

    @property
    def f_eighth(self) -> float:
        """The best F with β = 1/8, which weighs precision: how real the generated images are."""
        return _best(self.precision, self.recall, 1 / BETA)


def precision_recall(
    generated: NDArray[np.floating],
    real: NDArray[np.floating],
    seed: int = 0,
    clusters: int = CLUSTERS,
    angles: int = ANGLES,
    runs: int = RUNS,
) -> Curve | None:
    """The PRD curve of features (n, d) and (n, d): Sajjadi et al., "Assessing Generative Models via Precision and
    Recall" (2018), their protocol: mini-batch k-means on the union, histograms over clusters, the mean of `runs`.

    The larger set is cut to the size of the smaller. None where that has fewer items than half the clusters.
    """
    from sklearn.cluster import MiniBatchKMeans

    n = min(len(generated), len(real))
    if 2 * n < clusters:
        return None
    both = np.concatenate([generated[:n], real[:n]]).astype(np.float64)
    curves = []
    for run in range(runs):
        labels = MiniBatchKMeans(clusters, n_init=10, random_state=(seed + run) % 2**32).fit_predict(both)
        q, p = (np.bincount(part, minlength=clusters) / n for part in (labels[:n], labels[n:]))
        curves.append(prd(q, p, angles))
    precision, recall = np.mean(curves, axis=0)
    return Curve(precision, recall)


def prd(q: Array, p: Array, angles: int = ANGLES) -> Array:
    """(2, angles): precision Σ min(λ p, q) and recall Σ min(p, q / λ) of histograms, q generated, p real."""
    slopes = np.tan(np.linspace(EDGE, np.pi / 2 - EDGE, angles))[:, None]
    precision = np.minimum(slopes * p, q).sum(1)
    return np.stack([precision, precision / slopes[:, 0]]).clip(0, 1)


def squared_error(images: NDArray[np.uint8], others: NDArray[np.uint8]) -> float | None:
    """Mean over images of the summed squared difference of intensities from 0 to 1; lower is better."""
    if not len(images):
        return None
    difference = (images.astype(np.float32) - others.astype(np.float32)) / 255
    return float((difference**2).reshape(len(images), -1).sum(1).mean())


def _best(precision: Array, recall: Array, beta: float) -> float:
    scores = (1 + beta**2) * precision * recall / (beta**2 * precision + recall + EDGE)
    return float(scores.max())
