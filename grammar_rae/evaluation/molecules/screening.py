"""Many substructures sought in one molecule: most are ruled out before any matching, by two tests.

RDKit's pattern fingerprint of a substructure is contained in that of every molecule that has it. And every bond of a
substructure matches some bond of such a molecule, with the atoms at its ends; which ones it matches depends on the
kinds of that bond and those atoms alone, so RDKit is asked once a kind.

Hydrogens are no atoms of a molecule as it is read, so for a substructure that is sought among explicit hydrogens
every query atom that might match one is taken out before its fingerprint is made: what is left must still be found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from grammar_rae.evaluation.molecules.molecule import AtomKind, BondKind, Molecule, pattern

# A test that no hydrogen passes, if its number is not hydrogen's: "AtomType 6 = val" (C), "AtomType 1006 = val" (c,
# which is aromatic), "AtomAtomicNum 7 = val" ([#7]), "AtomAtomicNum 1 != val" ([!#1]).
NO_HYDROGEN = re.compile(r"(AtomType|AtomAtomicNum) (\d+) = val|AtomAtomicNum 1 != val")
# Tests that the kind of an atom or bond answers: "AtomFormalCharge 1 = val" ([+]), "AtomInNRings 2 = val" ([R2]) or
# "BondInRing 1 = val" (@); not "RecursiveStructure" ([$(CC=O)]), which asks for others, nor "AtomMinRingSize" ([r5]).
OF_KIND = re.compile(
    r"Atom(And|Or|Null|Type|AtomicNum|Isotope|FormalCharge|IsAromatic|IsAliphatic|ExplicitDegree|TotalDegree|HCount"
    r"|TotalValence|InNRings|InRing)|Bond(And|Or|Null|Order|InRing)|SingleOrAromaticBond"
)
Piece = tuple[
    int, ...
]  # (atom,) or (atom, atom, bond), by their numbers among all query atoms and query bonds


class Screen:
    """Substructures, and which of them a molecule may have; `hydrogens`: sought among explicit ones.

    Every substructure is taken apart into pieces: its bonds with the atoms at their ends, and its atoms without bonds.
    """

    def __init__(self, substructures: Sequence[Chem.Mol], hydrogens: bool = False) -> None:
        self.substructures, self.hydrogens = list(substructures), hydrogens
        probes = [_without_hydrogens(query) if hydrogens else query for query in self.substructures]
        self.needed = np.array([pattern(query) for query in probes])
        self._atoms, self._bonds = _Queries(), _Queries()
        pieces: dict[Piece, int] = {}
        rows = [
            [pieces.setdefault(piece, len(pieces)) for piece in self._taken_apart(query)]
            for query in substructures
        ]
        self._lone = np.array([len(piece) == 1 for piece in pieces])
        self._pieces = np.array([piece if len(piece) == 3 else (*piece, *piece, 0) for piece in pieces]).T
        demanded = np.zeros((len(rows), -(-len(pieces) // 64) * 64), bool)
        for row, numbers in zip(demanded, rows, strict=True):
            row[numbers] = True
        self.demanded = np.packbits(demanded, axis=1, bitorder="little").view(np.uint64)
        self._ends: dict[AtomKind, NDArray[np.bool_]] = {}  # query atoms that an atom of this kind matches
        self._brought: dict[AtomKind | BondKind, int] = {}  # pieces that come with one of this kind, as bits

    def candidates(self, molecule: Molecule) -> Iterator[Chem.Mol]:
        """The substructures that a molecule may have."""
        lacks_bits = (self.needed & ~molecule.pattern).any(axis=1)
        lacks_pieces = (self.demanded & ~self._pieces_of(molecule)).any(axis=1)
        for i in np.flatnonzero(~(lacks_bits | lacks_pieces)):
            yield self.substructures[i]

    def _taken_apart(self, query: Chem.Mol) -> list[Piece]:
        ends = [self._atoms.number(atom) for atom in query.GetAtoms()]
        return [
            (ends[bond.GetBeginAtomIdx()], ends[bond.GetEndAtomIdx()], self._bonds.number(bond))
            for bond in query.GetBonds()
        ] + [(ends[atom.GetIdx()],) for atom in query.GetAtoms() if not atom.GetDegree()]

    def _pieces_of(self, molecule: Molecule) -> NDArray[np.uint64]:
        """The pieces that a molecule has, as bits."""
        atoms, bonds = molecule.kinds
        bits = 0
        for kind, i in atoms.items():
            if kind not in self._brought:
                self._brought[kind] = self._by_atom(kind, molecule, i)
            bits |= self._brought[kind]
        for joined, i in bonds.items():
            if joined not in self._brought:
                bond = molecule.mol.GetBondWithIdx(i)
                self._brought[joined] = self._by_bond(self._ends[joined[0]], bond, self._ends[joined[1]])
            bits |= self._brought[joined]
        return np.frombuffer(bits.to_bytes(self.demanded.shape[1] * 8, "little"), np.uint64)

    def _by_atom(self, kind: AtomKind, molecule: Molecule, i: int) -> int:
        """The pieces that an atom brings alone and by its bonds to hydrogens."""
        full = molecule.with_hydrogens if self.hydrogens else molecule.mol
        atom = full.GetAtomWithIdx(i)
        ends = self._ends[kind] = self._atoms.matched(atom)
        pieces = self._alone(ends)
        for bond in atom.GetBonds():
            other = bond.GetOtherAtom(atom)
            if other.GetIdx() >= molecule.mol.GetNumAtoms():
                hydrogen = self._atoms.matched(other)
                pieces |= self._alone(hydrogen) | self._by_bond(ends, bond, hydrogen)
        return pieces

    def _alone(self, atom: NDArray[np.bool_]) -> int:
        return _bits(self._lone & atom[self._pieces[0]])

    def _by_bond(self, begin: NDArray[np.bool_], bond: Chem.Bond, end: NDArray[np.bool_]) -> int:
        first, second, between = self._pieces
        either_way = (begin[first] & end[second]) | (end[first] & begin[second])
        return _bits(~self._lone & self._bonds.matched(bond)[between] & either_way)


class _Queries:
    """Distinct query atoms, or bonds, numbered as they come."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.queries: list[Any] = []  # None: asks for more than a kind, so it may match any

    def number(self, query: Any) -> int:
        """The number of a query atom or bond, a new one unless an equal one has come before."""
        text = query.DescribeQuery()
        if text not in self.numbers:
            self.numbers[text] = len(self.numbers)
            tests = re.findall(r"^ *(\w+)", text, re.M)
            self.queries.append(query if all(map(OF_KIND.fullmatch, tests)) else None)
        return self.numbers[text]

    def matched(self, item: Any) -> NDArray[np.bool_]:
        """Which of them an atom, or a bond, matches or may match."""
        return np.array([query is None or query.Match(item) for query in self.queries])


def _bits(flags: NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(flags, bitorder="little").tobytes(), "little")


def _without_hydrogens(query: Chem.Mol) -> Chem.Mol:
    """A substructure without the atoms that might match a hydrogen."""
    kept = Chem.RWMol(query)
    for atom in reversed(list(query.GetAtoms())):
        if not never_hydrogen(atom.DescribeQuery()):
            kept.RemoveAtom(atom.GetIdx())
    mol = kept.GetMol()
    mol.UpdatePropertyCache(strict=False)
    return mol


def never_hydrogen(description: str) -> bool:
    """Whether RDKit's description of a query atom names a heavier element, alone or among what must hold.

    A line is a test, and those that it joins follow it, two blanks further in. Of three that must hold, RDKit writes
    two joined and the third beside them, where it is not read here. So [C;R1;+] is

        AtomAnd
          AtomAnd
            AtomType 6 = val
            AtomInNRings 1 = val
          AtomFormalCharge 1 = val
    """
    lines = description.rstrip().split("\n")
    if len(lines) == 1:
        return _heavier(lines[0])
    tests = lines[1:] if lines[0] == "AtomAnd" else []
    while tests and tests[0] == "  AtomAnd":
        tests = [line[2:] for line in tests[1:]]
    return any(_heavier(line) for line in tests if re.match(r"  \S", line))


def _heavier(test: str) -> bool:
    """ "AtomType 1006 = val", not "AtomAtomicNum 1 = val": RDKit adds 1,000 to the number of an aromatic atom."""
    match = NO_HYDROGEN.fullmatch(test.strip())
    return match is not None and int(match[2] or 0) % 1000 != 1
