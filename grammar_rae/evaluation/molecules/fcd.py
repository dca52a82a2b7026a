"""Fréchet ChemNet distance (Preuer et al., J. Chem. Inf. Model. 2018), by the published package `fcd`.

The distance between two Gaussians fitted to the last hidden activations of ChemNet on canonical SMILES; molecules
count as often as they stand in the set, each distinct one is sent through the network once. Not negative, lower
is closer. It depends on the sizes of both sets, so compare only figures of equal sizes.

ChemNet reads 350 columns, the last of which ends the string. The package pads a whole set to its longest SMILES where
that has more, which changes the activations of every other molecule: longer molecules are left out here.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rdkit import rdBase

from grammar_rae.errors import DataError, excerpt
from grammar_rae.evaluation.molecules.profile import REMEMBER, Profile
from grammar_rae.files.cache import remembered_arrays

LONGEST = 349  # characters of a SMILES
CHUNK = 10_000  # molecules whose activations are held at once


class Moments(NamedTuple):
    """Mean (512,) and covariance (512, 512) of activations."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]


def activation_moments(molecules: Profile) -> Moments | None:
    """The moments of a set without what is `too_long`; None where that leaves fewer than two molecules.

    DataError: `fcd` is not installed.
    """
    package = _package()
    short = np.array([len(form) <= LONGEST for form in molecules.forms], bool)
    forms, counts = [form for form in molecules.forms if len(form) <= LONGEST], molecules.counts[short]
    if counts.sum() < 2:
        return None
    if len(forms) < REMEMBER:
        return Moments(**_fitted(forms, counts))
    kind = f"chemnet-fcd-{package.__version__}-rdkit-{rdBase.rdkitVersion}"
    key = [f"{form} {count}" for form, count in zip(forms, counts, strict=True)]
    return Moments(**remembered_arrays(kind, key, lambda: _fitted(forms, counts)))


def too_long(molecules: Profile) -> int:
    """How many molecules of a set, each as often as it stands there, are left out of its moments."""
    pairs = zip(molecules.forms, molecules.counts, strict=True)
    return sum(int(count) for form, count in pairs if len(form) > LONGEST)


def left_out(generated: Profile, reference: Profile) -> str:
    """What of two sets is left out of their distance, in words that name the first; "" where nothing is."""
    long = [form for side in (generated, reference) for form in side.forms if len(form) > LONGEST]
    if not long:
        return ""
    return (
        f"FCD leaves out {too_long(generated):,} of {len(generated):,} molecules and {too_long(reference):,} of "
        f"{len(reference):,} of the reference, longer than the {LONGEST} characters that ChemNet reads; the first: "
        f"{excerpt(long[0])[0]}"
    )


def frechet_distance(first: Moments | None, second: Moments | None) -> float | None:
    """The Fréchet distance of two sets; None where one has fewer than two molecules."""
    if first is None or second is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy's, of the package's call
        value = _package().calculate_frechet_distance(
            first.mean, first.covariance, second.mean, second.covariance
        )
    return max(0.0, float(value))


def activations(forms: Sequence[str]) -> NDArray[np.float32]:
    """(n, 512) last hidden activations of ChemNet on SMILES of at most LONGEST characters."""
    package = _package()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's
        rows: NDArray[np.float32] = package.get_predictions(package.load_ref_model(), list(forms))
    return rows


def _fitted(forms: list[str], counts: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Mean and covariance (divided by n - 1), summed up chunk by chunk about the first chunk's mean."""
    total, outer, shift = np.zeros(512), np.zeros((512, 512)), np.zeros(512)
    for start in range(0, len(forms), CHUNK):
        rows = activations(forms[start : start + CHUNK]).astype(np.float64)
        weights = counts[start : start + CHUNK].astype(np.float64)
        shift = shift if start else rows.mean(axis=0)
        rows -= shift
        total += weights @ rows
        outer += (rows * weights[:, None]).T @ rows
    n = int(counts.sum())
    mean = total / n
    return {"mean": mean + shift, "covariance": (outer - n * np.outer(mean, mean)) / (n - 1)}


def _package() -> Any:
    try:
        import fcd
    except ModuleNotFoundError as error:
        raise DataError(
            "the Fréchet ChemNet distance needs the package fcd: pip install 'grammar-rae[metrics]'"
        ) from error
    return fcd
