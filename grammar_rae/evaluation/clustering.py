"""How well clusters agree with classes that were not looked at in finding them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.integer]


def contingency(labels: Numbers, clusters: Numbers) -> NDArray[np.int64]:
    """(classes, clusters): how many of n items, labels and clusters (n,), are of both, in order of their numbers."""
    _, rows = np.unique(labels, return_inverse=True)
    _, columns = np.unique(clusters, return_inverse=True)
    table = np.zeros((rows.max(initial=-1) + 1, columns.max(initial=-1) + 1), np.int64)
    np.add.at(table, (rows, columns), 1)
    return table


def accuracy(labels: Numbers, clusters: Numbers) -> float:
    """Unsupervised clustering accuracy: the share of items (n,) whose cluster is given to their class, each class one
    cluster at most, by the best assignment (Kuhn 1955; Yang et al. 2010).
    """
    from scipy.optimize import linear_sum_assignment

    table = contingency(labels, clusters)
    return float(table[linear_sum_assignment(table, maximize=True)].sum() / len(labels))


def majority_accuracy(labels: Numbers, clusters: Numbers) -> float:
    """The share of items (n,) that are of the commonest class of their cluster; clusters may share a class, so that
    more of them always do better.
    """
    return float(contingency(labels, clusters).max(0).sum() / len(labels))


def mutual_information(labels: Numbers, clusters: Numbers) -> float:
    """Mutual information of labels and clusters (n,) over the mean of their entropies, 0 to 1."""
    from sklearn.metrics import normalized_mutual_info_score

    return float(normalized_mutual_info_score(labels, clusters))
