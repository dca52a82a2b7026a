"""A molecule and what more than one measure needs of it, each computed once, when it is first asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, DataStructs
from rdkit.Chem import rdMolDescriptors

from grammar_rae.chemistry.fingerprints import count_fingerprint
from grammar_rae.chemistry.smiles import molecule

BATCH = 50  # molecules held at a time
PATTERN_BITS = 2048
STEREO_OR_ISOTOPE = re.compile(r"[@/\\]|\[\d")
AtomKind = tuple[int, ...]
BondKind = tuple[AtomKind, AtomKind, Any, bool]


class Molecule:
    """RDKit's molecule `mol`, read from its canonical `smiles`."""

    def __init__(self, mol: Chem.Mol, smiles: str) -> None:
        self.mol = mol
        self.smiles = smiles

    @cached_property
    def flat(self) -> str:
        """SMILES without stereochemistry and isotopes."""
        if not STEREO_OR_ISOTOPE.search(self.smiles):
            return self.smiles
        return str(Chem.MolToSmiles(self.mol, isomericSmiles=False))

    @cached_property
    def rings(self) -> tuple[tuple[int, ...], ...]:
        """The atoms of each ring, by their indices."""
        return tuple(self.mol.GetRingInfo().AtomRings())

    @cached_property
    def rotatable_bonds(self) -> int:
        """How many there are, by RDKit's strict definition."""
        return int(rdMolDescriptors.CalcNumRotatableBonds(self.mol))

    @cached_property
    def environments(self) -> dict[int, int]:
        """How often each of Morgan's circular environments, of radius 2 at most, is in the molecule."""
        return dict(count_fingerprint(self.mol).GetNonzeroElements())

    @cached_property
    def pattern(self) -> NDArray[np.uint64]:
        """RDKit's pattern fingerprint in 64-bit words (PATTERN_BITS / 64,)."""
        return pattern(self.mol)

    @cached_property
    def with_hydrogens(self) -> Chem.Mol:
        """The molecule with explicit hydrogens, after its own atoms and bonds."""
        return Chem.AddHs(self.mol)

    @cached_property
    def kinds(self) -> tuple[dict[AtomKind, int], dict[BondKind, int]]:
        """Each kind of atom and of bond in the molecule, with one that is of it.

        An atom's: number, isotope, charge, aromatic, degree, hydrogens that are no atoms, all hydrogens, valence,
        rings it is in. A bond's: the kinds of its ends, type, whether in a ring.
        """
        mol, rings = self.mol, self.mol.GetRingInfo()
        atoms: list[AtomKind] = []
        for i in range(mol.GetNumAtoms()):  # far faster than to iterate over GetAtoms()
            atom = mol.GetAtomWithIdx(i)
            atoms.append(
                (
                    atom.GetAtomicNum(),
                    atom.GetIsotope(),
                    atom.GetFormalCharge(),
                    atom.GetIsAromatic(),
                    atom.GetDegree(),
                    atom.GetTotalNumHs(),
                    atom.GetTotalNumHs(True),
                    atom.GetTotalValence(),
                    rings.NumAtomRings(i),
                )
            )
        bonds: dict[BondKind, int] = {}
        for i in range(mol.GetNumBonds()):
            bond = mol.GetBondWithIdx(i)
            ends = atoms[bond.GetBeginAtomIdx()], atoms[bond.GetEndAtomIdx()]
            bonds[(*ends, bond.GetBondType(), rings.NumBondRings(i) > 0)] = i
        return {kind: i for i, kind in enumerate(atoms)}, bonds


def molecule_batches(forms: Sequence[str]) -> Iterator[dict[str, Molecule]]:
    """The molecules of canonical SMILES, few enough at a time to stay in the processor's cache while they are measured.

    What RDKit does not read is left out.
    """
    for start in range(0, len(forms), BATCH):
        pairs = ((form, molecule(form)) for form in forms[start : start + BATCH])
        yield {form: Molecule(mol, form) for form, mol in pairs if mol is not None}


def pattern(mol: Chem.Mol) -> NDArray[np.uint64]:
    """RDKit's pattern fingerprint in 64-bit words (PATTERN_BITS / 64,)."""
    return np.frombuffer(
        DataStructs.BitVectToBinaryText(Chem.PatternFingerprint(mol, PATTERN_BITS)), np.uint64
    )
