"""What is compiled runs where nothing can be kept for the next process, too."""

import numpy as np

from grammar_rae.compiling import compiled


def doubled(x):
    return 2 * x


def test_a_machine_without_a_folder_to_write_to_compiles_all_the_same(monkeypatch):
    kept = compiled()(doubled)
    monkeypatch.setattr("numba.core.caching.CacheImpl._locator_classes", [])
    lost = compiled()(doubled)
    assert kept(3) == lost(3) == 6
    np.testing.assert_array_equal(lost(np.arange(3)), [0, 2, 4])
