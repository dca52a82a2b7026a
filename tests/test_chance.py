"""What chance chooses depends on the seed alone."""

import pytest

from grammar_rae.chance import permutation, subset


@pytest.mark.parametrize("count", [0, 1, 7, 8, 500])
def test_a_subset_is_the_head_of_the_permutation_in_order(count):
    chosen = subset(count, 8, seed=3)
    assert sorted(permutation(count, seed=3)[:8]) == chosen.tolist() == sorted(set(chosen.tolist()))
    assert len(chosen) == min(count, 8)
    if count == 500:
        assert chosen.tolist() != subset(count, 8, seed=4).tolist()
