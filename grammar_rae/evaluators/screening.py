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

from grammar_rae.evaluators.facts import AtomKind, BondKind, Facts, pattern

HEAVY = re.compile(r"(AtomType|AtomAtomicNum) (\d+) = val|AtomAtomicNum 1 != val")
OF_KIND = re.compile(  # what a query asks that a kind answers
    r"Atom(And|Or|Null|Type|AtomicNum|Isotope|FormalCharge|IsAromatic|IsAliphatic|ExplicitDegree|TotalDegree|HCount"
    r"|TotalValence|InNRings|InRing)|Bond(And|Or|Null|Order|InRing)|SingleOrAromaticBond"
)


class Screen:
    """Substructures, and which of them a molecule may have; `hydrogens`: sought among explicit ones."""

    def __init__(self, substructures: Sequence[Chem.Mol], hydrogens: bool = False) -> None:
        self.substructures, self.hydrogens = list(substructures), hydrogens
        probes = [_heavy(query) if hydrogens else query for query in self.substructures]
        self.needed = np.array([pattern(query) for query in probes])
        self._atoms, self._bonds = _Queries(), _Queries()
        pieces: dict[tuple[int, ...], int] = {}  # an atom without bonds, or the ends of a bond and the bond
        rows = []
        for query in self.substructures:
            ends = [self._atoms.place(atom) for atom in query.GetAtoms()]
            found: list[tuple[int, ...]] = [
                (ends[bond.GetBeginAtomIdx()], ends[bond.GetEndAtomIdx()], self._bonds.place(bond))
                for bond in query.GetBonds()
            ]
            found += [(ends[atom.GetIdx()],) for atom in query.GetAtoms() if not atom.GetDegree()]
            rows.append([pieces.setdefault(piece, len(pieces)) for piece in found])
        self._lone = np.array([len(piece) == 1 for piece in pieces])
        self._pieces = np.array([piece if len(piece) == 3 else (*piece, *piece, 0) for piece in pieces]).T
        demanded = np.zeros((len(rows), -(-len(pieces) // 64) * 64), bool)
        for row, places in zip(demanded, rows, strict=True):
            row[places] = True
        self.demanded = np.packbits(demanded, axis=1, bitorder="little").view(np.uint64)
        self._ends: dict[AtomKind, NDArray[np.bool_]] = {}  # query atoms that an atom of this kind matches
        self._has: dict[AtomKind | BondKind, int] = {}  # pieces that it brings, as bits

    def candidates(self, facts: Facts) -> Iterator[Chem.Mol]:
        """The substructures that a molecule may have."""
        lacking = (self.needed & ~facts.pattern).any(axis=1) | (self.demanded & ~self._found(facts)).any(1)
        for i in np.flatnonzero(~lacking):
            yield self.substructures[i]

    def _found(self, facts: Facts) -> NDArray[np.uint64]:
        """The pieces in a molecule."""
        atoms, bonds = facts.kinds
        bits = 0
        for kind, i in atoms.items():
            if kind not in self._has:
                self._has[kind] = self._learn_atom(kind, facts, i)
            bits |= self._has[kind]
        for joined, i in bonds.items():
            if joined not in self._has:
                bond = facts.molecule.GetBondWithIdx(i)
                self._has[joined] = self._joined(self._ends[joined[0]], bond, self._ends[joined[1]])
            bits |= self._has[joined]
        return np.frombuffer(bits.to_bytes(self.demanded.shape[1] * 8, "little"), np.uint64)

    def _learn_atom(self, kind: AtomKind, facts: Facts, i: int) -> int:
        """The pieces that an atom brings without its bonds to other atoms of the molecule."""
        full = facts.with_hydrogens if self.hydrogens else facts.molecule
        atom = full.GetAtomWithIdx(i)
        ends = self._ends[kind] = self._atoms.matched(atom)
        found = self._single(ends)
        for bond in atom.GetBonds():
            other = bond.GetOtherAtom(atom)
            if other.GetIdx() >= facts.molecule.GetNumAtoms():
                added = self._atoms.matched(other)
                found |= self._single(added) | self._joined(ends, bond, added)
        return found

    def _single(self, atom: NDArray[np.bool_]) -> int:
        return _bits(self._lone & atom[self._pieces[0]])

    def _joined(self, begin: NDArray[np.bool_], bond: Chem.Bond, end: NDArray[np.bool_]) -> int:
        first, second, between = self._pieces
        either_way = (begin[first] & end[second]) | (end[first] & begin[second])
        return _bits(~self._lone & self._bonds.matched(bond)[between] & either_way)


class _Queries:
    """Distinct query atoms, or bonds."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.queries: list[Any] = []  # None: asks for more than a kind, so it may match any

    def place(self, query: Any) -> int:
        text = query.DescribeQuery()
        if text not in self.places:
            self.places[text] = len(self.places)
            asked = re.findall(r"^ *(\w+)", text, re.M)
            self.queries.append(query if all(map(OF_KIND.fullmatch, asked)) else None)
        return self.places[text]

    def matched(self, one: Any) -> NDArray[np.bool_]:
        """Which of them an atom, or a bond, matches or may match."""
        return np.array([query is None or query.Match(one) for query in self.queries])


def _bits(flags: NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(flags, bitorder="little").tobytes(), "little")


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
