"""Tanimoto similarity of molecules to one reference molecule: 0 nothing shared, 1 the same fingerprint.

Two fingerprints, both Morgan's of radius 2 without chirality (ECFP4; Rogers and Hahn, 2010): `folded`, 2,048 bits,
which the papers on constrained improvement use, and `counted`, unfolded counts, which GuacaMol uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from grammar_rae.datasets.smiles import molecule
from grammar_rae.errors import DataError

RADIUS, BITS = 2, 2048


def folded(reference: str, smiles: Sequence[str]) -> np.ndarray:
    """(n,) similarities of the bit fingerprints; NaN where a string is no molecule.

    DataError where the reference is none.
    """
    prints = [None if (found := molecule(text)) is None else _fingerprint(found) for text in smiles]
    return _similarities(_fingerprint(_reference(reference)), prints)


def counted(reference: str, smiles: Sequence[str]) -> np.ndarray:
    """`folded`, of the count fingerprints: sum of least counts over sum of largest counts."""
    prints = [None if (found := molecule(text)) is None else _counts(found) for text in smiles]
    return _similarities(_counts(_reference(reference)), prints)


def _reference(smiles: str) -> Chem.Mol:
    found = molecule(smiles)
    if found is None:
        raise DataError(f"{smiles!r} is not a molecule, expected the SMILES to be similar to")
    return found


def _similarities(reference: Any, prints: list[Any]) -> np.ndarray:
    similarity = DataStructs.TanimotoSimilarity
    return np.array([np.nan if found is None else similarity(reference, found) for found in prints], float)


@cache
def morgan() -> Any:
    """RDKit's generator of the fingerprints above."""
    return rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BITS)


def _fingerprint(found: Chem.Mol) -> Any:
    return morgan().GetFingerprint(found)


def _counts(found: Chem.Mol) -> Any:
    return morgan().GetSparseCountFingerprint(found)
