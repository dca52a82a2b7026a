"""Morgan fingerprints of molecules, their Tanimoto similarity to one reference molecule, and Murcko scaffolds.

Two fingerprints, both Morgan's of radius 2 without chirality (ECFP4; Rogers and Hahn, 2010): 2,048 bits, which the
papers on constrained improvement use, and unfolded counts, which GuacaMol uses. A similarity goes from 0, nothing
shared, to 1, the same fingerprint.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from rdkit import Chem, DataStructs, rdBase
from rdkit.Chem import rdFingerprintGenerator
from rdkit.Chem.Scaffolds import MurckoScaffold

from grammar_rae.chemistry.diagnosis import reason
from grammar_rae.chemistry.smiles import molecule
from grammar_rae.errors import DataError, excerpt

RADIUS, BITS = 2, 2048


@cache
def morgan() -> Any:
    """RDKit's generator of Morgan fingerprints, the one that everything here uses."""
    return rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BITS)


def bit_fingerprint(mol: Chem.Mol) -> DataStructs.ExplicitBitVect:
    """The fingerprint of 2,048 bits."""
    return morgan().GetFingerprint(mol)


def count_fingerprint(mol: Chem.Mol) -> Any:
    """The unfolded fingerprint: how often each circular environment of an atom is in the molecule."""
    return morgan().GetSparseCountFingerprint(mol)


def bit_similarity(reference: str, smiles: Sequence[str]) -> np.ndarray:
    """(n,) Tanimoto similarities of the bit fingerprints to the reference's; NaN where a string is no molecule.

    DataError where the reference is none.
    """
    prints = [None if (mol := molecule(text)) is None else bit_fingerprint(mol) for text in smiles]
    return _similarities(bit_fingerprint(_reference(reference)), prints)


def count_similarity(reference: str, smiles: Sequence[str]) -> np.ndarray:
    """`bit_similarity`, of the count fingerprints: sum of least counts over sum of largest counts."""
    prints = [None if (mol := molecule(text)) is None else count_fingerprint(mol) for text in smiles]
    return _similarities(count_fingerprint(_reference(reference)), prints)


def nearest_similarity(forms: Sequence[str], reference: Sequence[str]) -> list[float]:
    """(n,) the bit similarity of each canonical SMILES to the nearest one of the reference.

    Strings that are no molecules are left out of both. DataError where the reference has no molecule.
    """
    known = _prints(reference)
    if not known:
        raise DataError("a reference without a molecule, expected one or more")
    return [max(DataStructs.BulkTanimotoSimilarity(mine, known)) for mine in _prints(forms)]


def scaffold_smiles(forms: Sequence[str]) -> list[str]:
    """(n,) the SMILES of each molecule's Murcko scaffold; "" without a ring, and for what is no molecule."""
    with rdBase.BlockLogs():
        molecules = (molecule(form) for form in forms)
        return ["" if mol is None else Chem.MolToSmiles(murcko_scaffold(mol)) for mol in molecules]


def murcko_scaffold(mol: Chem.Mol) -> Chem.Mol:
    """Rings and the chains between them (Bemis and Murcko, J. Med. Chem. 1996).

    Without atoms where there is no ring, or where RDKit cannot cut the molecule.
    """
    try:
        return MurckoScaffold.GetScaffoldForMol(mol)
    except (ValueError, RuntimeError):
        return Chem.Mol()


def _prints(forms: Sequence[str]) -> list[DataStructs.ExplicitBitVect]:
    molecules = (molecule(form) for form in forms)
    return [bit_fingerprint(mol) for mol in molecules if mol is not None]


def _reference(smiles: str) -> Chem.Mol:
    mol = molecule(smiles)
    if mol is None:
        shown, why = excerpt(smiles)[0], reason(smiles) or "not read"
        raise DataError(f"{shown!r} is not a molecule, expected the SMILES to be similar to: {why}")
    return mol


def _similarities(reference: Any, prints: list[Any]) -> np.ndarray:
    similarity = DataStructs.TanimotoSimilarity
    return np.array([np.nan if other is None else similarity(reference, other) for other in prints], float)
