"""Agreement of clusters and classes, counted by hand and by permutation."""

from itertools import permutations

import numpy as np
import pytest

from grammar_rae.evaluation.clustering import accuracy, majority_accuracy, mutual_information

LABELS = np.array([0, 0, 0, 1, 1, 2, 2, 2])
CLUSTERS = np.array([7, 7, 9, 9, 9, 3, 3, 4])


def test_counted_by_hand():
    assert accuracy(LABELS, CLUSTERS) == 6 / 8  # 7 → 0, 9 → 1, 3 → 2; 4 is left without a class
    assert majority_accuracy(LABELS, CLUSTERS) == 7 / 8
    assert mutual_information(LABELS, LABELS) == pytest.approx(1)
    assert mutual_information(LABELS, np.zeros(8, int)) == pytest.approx(0)


def test_the_assignment_is_the_best_of_all():
    rng = np.random.default_rng(0)
    labels, clusters = rng.integers(0, 4, 50), rng.integers(0, 4, 50)
    best = max(np.mean(np.array(order)[clusters] == labels) for order in permutations(range(4)))
    assert accuracy(labels, clusters) == pytest.approx(best)


def test_fact_4_of_vlac_names_of_clusters_do_not_matter():
    renamed = np.array([5, 1, 0, 2, 6, 3, 9, 8, 7, 4])[CLUSTERS]
    for agreement in (accuracy, majority_accuracy, mutual_information):
        assert agreement(LABELS, renamed) == pytest.approx(agreement(LABELS, CLUSTERS))
