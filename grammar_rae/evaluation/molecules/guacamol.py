"""The distribution metrics of GuacaMol (Brown et al., J. Chem. Inf. Model. 2019), from profiles.

Values equal those of the package `guacamol` 0.5.5 to 1e-6. As in its published suites a set of more than 10,000
distinct molecules stands in with 10,000, here drawn with our own fixed seed; both sets are stripped of
stereochemistry and then made distinct. Validity, uniqueness and novelty are MOSES's here, where GuacaMol's ignore
stereochemistry, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from grammar_rae.evaluation.molecules.molecule import molecule_batches
from grammar_rae.evaluation.molecules.profile import PARALLEL_FROM, POSITIONS, Profile, profile
from grammar_rae.evaluation.molecules.properties import property_values
from grammar_rae.evaluation.molecules.similarity import nearest_other
from grammar_rae.parallel import spread

MOST = 10_000
CONTINUOUS = ("bertz", "logp", "weight", "tpsa")
DISCRETE = ("acceptors", "donors", "rotatable_bonds", "aliphatic_rings", "aromatic_rings")
PROFILED = (*CONTINUOUS[1:], *DISCRETE)  # complexity is slow, so only of the molecules drawn
SMALL = 1e-10  # added to every density
POINTS = 1000
BINS = 10


def kl_score(generated: Profile, reference: Profile, seed: int = 0) -> tuple[float | None, str]:
    """(score, why there is none): the mean of exp(-KL(reference, generated)) over ten descriptors, 0 to 1, higher
    is closer.

    Nine are of the molecule: complexity (BertzCT), logP, weight and polar surface by Gaussian kernel densities
    at 1,000 points, hydrogen bond acceptors and donors, rotatable bonds, aliphatic and aromatic rings by a
    histogram of ten bins over the reference's range. The tenth, in the published code and not in the paper's
    list, is the Tanimoto similarity of each molecule to the nearest other one of its own set (Morgan, radius 2,
    4,096 bits). None where a descriptor has no spread or lies outside the reference's range altogether.
    """
    tables = [_descriptors(side, seed) for side in (reference, generated)]
    if min(map(len, tables)) < 2:
        return None, "fewer than two distinct molecules"
    divergences = []
    for column, name in enumerate((*CONTINUOUS, *DISCRETE, "similarity")):
        p, q = (table[:, column] for table in tables)
        if name in DISCRETE:
            divergences.append(discrete(p, q))
        elif np.ptp(p) == 0 or np.ptp(q) == 0:
            return None, f"{name} has the same value everywhere"
        else:
            divergences.append(continuous(p, q))
        if not np.isfinite(divergences[-1]):
            return None, f"{name} lies outside the reference's range"
    return float(np.mean(np.exp(-np.array(divergences)))), ""


def fcd_score(fcd: float | None) -> float | None:
    """exp(-0.2 FCD), 0 to 1, higher is closer."""
    return None if fcd is None else float(np.exp(-0.2 * fcd))


def continuous(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    """KL(p, q) in nats of two samples by Gaussian kernel densities on a grid over both."""
    from scipy.stats import entropy, gaussian_kde

    grid = np.linspace(min(p.min(), q.min()), max(p.max(), q.max()), POINTS)
    return float(entropy(gaussian_kde(p)(grid) + SMALL, gaussian_kde(q)(grid) + SMALL))


def discrete(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    """KL(p, q) in nats of two samples by p's ten bins; NaN where q lies in none of them."""
    from scipy.stats import entropy

    first, edges = np.histogram(p, bins=BINS, density=True)
    inside = (q >= edges[0]) & (q <= edges[-1])
    if not inside.any():
        return float("nan")
    second, _ = np.histogram(q, bins=edges, density=True)
    return float(entropy(first + SMALL, second + SMALL))


def _descriptors(side: Profile, seed: int) -> NDArray[np.float64]:
    """(molecules, 10) of up to `MOST` molecules without stereochemistry, in an order that is the set's own."""
    rows = side.order[np.isfinite(side.values["logp"].to_numpy()[side.order])]
    if len(rows) > MOST:
        rows = rows[np.sort(np.random.default_rng(seed).choice(len(rows), MOST, replace=False))]
    once = {side.flat[row]: row for row in rows}
    rows = np.array([*once.values()], np.intp)
    if len(rows) < 2:
        return np.zeros((len(rows), 10))
    values = side.values[[*PROFILED]].to_numpy()[rows]
    prints = side.fingerprints(POSITIONS, rows)
    isotopic = [i for i, row in enumerate(rows) if re.search(r"\[\d", side.forms[row])]
    if isotopic:  # the molecule without its isotopes is another one
        plain = profile([side.flat[rows[i]] for i in isotopic], [1] * len(isotopic), compared=False)
        values[isotopic] = plain.values[[*PROFILED]].to_numpy()
        prints[isotopic] = plain.fingerprints(POSITIONS)
    complexity = spread(_complexity, [side.flat[row] for row in rows], PARALLEL_FROM)
    return np.column_stack([complexity, values, nearest_other(prints)])


def _complexity(forms: Sequence[str]) -> list[float]:
    values: dict[str, float] = {}
    for part in molecule_batches(forms):
        values |= zip(part, property_values([*part.values()], ["bertz"])["bertz"], strict=True)
    return [values.get(form, float("nan")) for form in forms]
