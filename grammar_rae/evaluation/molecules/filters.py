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

from rdkit import Chem

from grammar_rae.evaluation.molecules.molecule import Molecule
from grammar_rae.evaluation.molecules.screening import Screen

DATA = Path(__file__).parent / "data"
ALLOWED = frozenset((1, 6, 7, 8, 9, 16, 17, 35))  # atomic numbers
LARGEST_RING = 7


@cache
def alerts() -> Screen:
    """The 502 structural alerts."""
    with (DATA / "mcf.csv").open() as mcf, (DATA / "wehi_pains.csv").open() as pains:
        smarts = [row["smarts"] for row in csv.DictReader(mcf)] + [row[0] for row in csv.reader(pains)]
    return Screen([Chem.MolFromSmarts(text) for text in smarts], hydrogens=True)


@cache
def _refused() -> Chem.Mol:
    """An atom that is charged or of another element."""
    others = "&".join(f"!#{number}" for number in sorted(ALLOWED))
    return Chem.MolFromSmarts(f"[!+0,{others}]")


def passes(molecule: Molecule) -> bool:
    """Whether a molecule passes."""
    if any(len(ring) > LARGEST_RING for ring in molecule.rings):
        return False
    if molecule.mol.HasSubstructMatch(_refused()):
        return False
    if any(molecule.with_hydrogens.HasSubstructMatch(alert) for alert in alerts().candidates(molecule)):
        return False
    return molecule.flat == molecule.smiles or Chem.MolFromSmiles(molecule.flat) is not None
