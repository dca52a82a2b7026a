"""The set metrics of MOSES (Polykovskiy et al., Frontiers in Pharmacology 2020), from profiles.

Values equal those of the package `molsets` 0.3.1 to 1e-6, with three differences: `unique_k` has no score where
fewer than k molecules are valid (there it is of those there are), internal diversity of more than 30,000
distinct molecules is that of 30,000 drawn with a fixed seed, and a metric that cannot be computed is None. Molecules
count as often as they stand in the set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from grammar_rae.evaluation.molecules.profile import Profile
from grammar_rae.evaluation.molecules.similarity import means, nearest_among

Number = float | None
EXACT = 30_000  # distinct molecules whose pairs are all looked at


def unique(places: NDArray[np.integer], k: int) -> Number:
    """Distinct share of the first k valid molecules, 0 to 1, higher is better; None where there are fewer.

    `places` (n,): the rows of the valid molecules in a profile, which counts them up by first appearance.
    """
    return float((places[:k].max() + 1) / k) if len(places) >= k else None


def internal_diversity(generated: Profile, seed: int = 0) -> tuple[Number, Number, int]:
    """(IntDiv1, IntDiv2, on how many molecules), 0 to 1, higher is more diverse.

    1 - mean over molecules x of (mean over y of T(x, y)^p)^(1/p), p = 1 and 2, T the Tanimoto similarity of
    Morgan fingerprints (radius 2, 1,024 bits), x with itself included.
    """
    if not len(generated):
        return None, None, 0
    rows, weights = np.arange(len(generated.forms)), generated.counts
    if len(rows) > EXACT:
        molecules = np.repeat(generated.order, generated.counts[generated.order])
        drawn = np.random.default_rng(seed).choice(molecules, EXACT, replace=False)
        rows, weights = np.unique(drawn, return_counts=True)
    first, second = means(generated.fingerprints(rows=rows), weights)
    averages = (np.average(first, weights=weights), np.average(np.sqrt(second), weights=weights))
    return float(1 - averages[0]), float(1 - averages[1]), int(weights.sum())


def snn(generated: Profile, reference: Profile) -> Number:
    """Mean Tanimoto similarity to the nearest reference molecule, 0 to 1, higher is closer (a copy has 1)."""
    if not len(generated) or not len(reference):
        return None
    return float(
        np.average(
            nearest_among(generated.fingerprints(), reference.fingerprints()), weights=generated.counts
        )
    )


def cosine(first: Mapping[str, int], second: Mapping[str, int]) -> Number:
    """Cosine similarity of two counts, 0 to 1, higher is closer; None where one has none."""
    if not first or not second:
        return None
    a, b = (np.array([*counts.values()], float) for counts in (first, second))
    dot = sum(count * second.get(name, 0) for name, count in first.items())
    return float(dot / (np.linalg.norm(a) * np.linalg.norm(b)))


def fragment_similarity(generated: Profile, reference: Profile) -> Number:
    """Cosine similarity of the counts of BRICS fragments (Degen et al. 2008)."""
    return cosine(generated.fragments, reference.fragments)


def scaffold_similarity(generated: Profile, reference: Profile) -> Number:
    """Cosine similarity of the counts of Bemis-Murcko scaffolds of two rings or more."""
    return cosine(generated.scaffolds, reference.scaffolds)


def average(generated: Profile, values: NDArray[np.generic]) -> Number:
    """Mean over the molecules of a value (or share of a condition) of each distinct one; NaN counts for none."""
    finite = np.isfinite(values.astype(float))
    return float(np.average(values[finite], weights=generated.counts[finite])) if finite.any() else None


def distance(generated: Profile, reference: Profile, name: str) -> Number:
    """Wasserstein-1 between two distributions of a property, in its unit, lower is closer."""
    from scipy.stats import wasserstein_distance

    sides = []
    for side in (generated, reference):
        values = side.values[name].to_numpy()
        finite = np.isfinite(values)
        sides.append((values[finite], side.counts[finite]))
    (a, weights_a), (b, weights_b) = sides
    return float(wasserstein_distance(a, b, weights_a, weights_b)) if len(a) and len(b) else None


def distances(generated: Profile, reference: Profile, names: Sequence[str]) -> dict[str, Number]:
    """`<property>_w1` of each property."""
    return {f"{name}_w1": distance(generated, reference, name) for name in names}
