"""What the benchmark of densities counts as copying."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

from densities import nearer

SCALE = np.array([100.0, 1.0, 0.01])


def drawn(seed, count):
    return (np.random.default_rng(seed).normal(size=(count, 3)) * SCALE).astype(np.float32)


TRAIN = drawn(0, 4000)


@pytest.mark.parametrize(
    ("codes", "least", "most"),
    [
        (drawn(1, 4000), 0.45, 0.55),  # the density that the training codes come from
        (TRAIN[:500], 1.0, 1.0),
        (TRAIN[:500] + 1e-3 * drawn(2, 500), 0.99, 1.0),
        (30 * drawn(3, 500), 0.0, 0.02),
    ],
)
def test_codes_of_the_same_density_are_nearer_by_half_and_copies_always(codes, least, most):
    assert least <= nearer(codes, TRAIN) <= most


def test_units_of_a_number_do_not_matter():
    units = np.array([1e-3, 7.0, 1e3], np.float32)
    assert nearer(drawn(1, 500) * units, TRAIN * units) == pytest.approx(
        nearer(drawn(1, 500), TRAIN), abs=0.01
    )
