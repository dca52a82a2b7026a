"""MOSES's medicinal chemistry filters: a molecule passes or it does not.

Refused: a ring of eight atoms or more, a charge, an element other than C N S O F Cl Br H, a structural alert,
or a molecule that RDKit cannot read again without its stereochemistry. The alerts are 22 medicinal chemistry
filters (MCF, `mcf.csv`) and 480 pan-assay interference compounds (PAINS, `wehi_pains.csv`; Baell and Holloway
2010), both from MOSES (Polykovskiy et al. 2020, package `molsets` 0.3.1, MIT, `data/LICENSE-molsets`), sought
in the molecule with explicit hydrogens as there.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from grammar_rae.evaluators.screening import Screen, pattern

DATA = Path(__file__).parent / "data"
ALLOWED = frozenset((1, 6, 7, 8, 9, 16, 17, 35))  # atomic numbers
LARGEST_RING = 7


@cache
def alerts() -> Screen:
    """The 502 structural alerts."""
    with (DATA / "mcf.csv").open() as mcf, (DATA / "wehi_pains.csv").open() as pains:
        smarts = [row["smarts"] for row in csv.DictReader(mcf)] + [row[0] for row in csv.reader(pains)]
    return Screen([Chem.MolFromSmarts(text) for text in smarts], hydrogens=True)


def passes(molecule: Chem.Mol, flat: str, found: NDArray[np.uint64] | None = None) -> bool:
    """Whether a molecule passes; `flat` is its SMILES without stereochemistry, `found` its `pattern`."""
    if any(len(ring) > LARGEST_RING for ring in molecule.GetRingInfo().AtomRings()):
        return False
    if any(atom.GetFormalCharge() or atom.GetAtomicNum() not in ALLOWED for atom in molecule.GetAtoms()):
        return False
    with_hydrogens = Chem.AddHs(molecule)
    candidates = alerts().candidates(pattern(molecule) if found is None else found)
    if any(with_hydrogens.HasSubstructMatch(alert) for alert in candidates):
        return False
    return Chem.MolFromSmiles(flat) is not None
