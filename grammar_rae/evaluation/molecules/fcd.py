"""Fréchet ChemNet distance (Preuer et al., J. Chem. Inf. Model. 2018), by the published package `fcd`.

The distance between two Gaussians fitted to the last hidden activations of ChemNet on canonical SMILES; molecules
count as often as they stand in the set, each distinct one is sent through the network once. Not negative, lower
is closer. It depends on the sizes of both sets, so compare only figures of equal sizes.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rdkit import rdBase

from grammar_rae.errors import DataError
from grammar_rae.evaluation.molecules.profile import REMEMBER, Profile
from grammar_rae.files.cache import remembered_arrays

CHUNK = 10_000  # molecules whose activations are held at once


class Moments(NamedTuple):
    """Mean (512,) and covariance (512, 512) of activations."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]


def activation_moments(molecules: Profile) -> Moments | None:
    """The moments of a set; None where it has fewer than two molecules. DataError: `fcd` is not installed."""
    if len(molecules) < 2:
        _package()
        return None
    if len(molecules.forms) < REMEMBER:
        return Moments(**_fitted(molecules))
    kind = f"chemnet-fcd-{_package().__version__}-rdkit-{rdBase.rdkitVersion}"
    key = [f"{form} {count}" for form, count in zip(molecules.forms, molecules.counts, strict=True)]
    return Moments(**remembered_arrays(kind, key, lambda: _fitted(molecules)))


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
    """(n, 512) last hidden activations of ChemNet."""
    package = _package()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, and of strings longer than the network was trained on
        rows: NDArray[np.float32] = package.get_predictions(package.load_ref_model(), list(forms))
    return rows


def _fitted(molecules: Profile) -> dict[str, NDArray[np.float64]]:
    """Mean and covariance (divided by n - 1), summed up chunk by chunk about the first chunk's mean."""
    total, outer, shift = np.zeros(512), np.zeros((512, 512)), np.zeros(512)
    for start in range(0, len(molecules.forms), CHUNK):
        rows = activations(molecules.forms[start : start + CHUNK]).astype(np.float64)
        weights = molecules.counts[start : start + CHUNK].astype(np.float64)
        shift = shift if start else rows.mean(axis=0)
        rows -= shift
        total += weights @ rows
        outer += (rows * weights[:, None]).T @ rows
    n = len(molecules)
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
