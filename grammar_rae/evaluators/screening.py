"""Many substructures sought in one molecule: most are ruled out by a fingerprint before any matching.

RDKit's pattern fingerprint of a substructure is contained in that of every molecule that has it. Hydrogens are
no atoms of a molecule as it is read, so for a substructure that is sought among explicit hydrogens every query
atom that might match one is taken out before its fingerprint is made: what is left must still be found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, DataStructs

BITS = 2048
HEAVY = re.compile(r"(AtomType|AtomAtomicNum) (\d+) = val|AtomAtomicNum 1 != val")


def pattern(molecule: Chem.Mol) -> NDArray[np.uint64]:
    """RDKit's pattern fingerprint in 64-bit words (BITS / 64,)."""
    return np.frombuffer(DataStructs.BitVectToBinaryText(Chem.PatternFingerprint(molecule, BITS)), np.uint64)


class Screen:
    """Substructures, and which of them a molecule may have; `hydrogens`: sought among explicit ones."""

    def __init__(self, substructures: Sequence[Chem.Mol], hydrogens: bool = False) -> None:
        self.substructures = list(substructures)
        probes = [_heavy(query) if hydrogens else query for query in self.substructures]
        self.needed = np.array([pattern(query) for query in probes])

    def candidates(self, found: NDArray[np.uint64]) -> Iterator[Chem.Mol]:
        """The substructures that a molecule with this pattern fingerprint may have."""
        for i in np.flatnonzero(~(self.needed & ~found).any(axis=1)):
            yield self.substructures[i]


def _heavy(query: Chem.Mol) -> Chem.Mol:
    """A substructure without the atoms that might match a hydrogen."""
    kept = Chem.RWMol(query)
    for atom in reversed(list(query.GetAtoms())):
        if not _never_hydrogen(atom.DescribeQuery().rstrip().split("\n")):
            kept.RemoveAtom(atom.GetIdx())
    found = kept.GetMol()
    found.UpdatePropertyCache(strict=False)
    return found


def _never_hydrogen(lines: list[str]) -> bool:
    """Whether RDKit's description of a query atom names a heavier element, alone or among what must hold."""
    tests = lines[1:] if lines[0] == "AtomAnd" else lines if len(lines) == 1 else []
    while tests and tests[0] == "  AtomAnd":  # RDKit nests to the left
        tests = [line[2:] for line in tests[1:]]
    matches = [HEAVY.fullmatch(line.strip()) for line in tests if len(lines) == 1 or re.match(r"  \S", line)]
    return any(match and int(match[2] or 0) % 1000 != 1 for match in matches)
