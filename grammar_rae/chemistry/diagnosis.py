"""Why a string is no molecule: what is wrong, and at which character."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rdkit import Chem, rdBase

from grammar_rae.chemistry.looks import parts
from grammar_rae.chemistry.smiles import kekule, molecule, overlong
from grammar_rae.chemistry.tokens import TOKEN

KINDS = ("syntax", "ring bond", "valence", "kekulisation", "other")


class Problem(NamedTuple):
    """Why a string is no molecule: `kind` (one of `KINDS`), the character it is at (from 1) if known, words."""

    kind: str
    position: int | None
    message: str


def reason(smiles: str) -> str | None:
    """Why a string is not a molecule that this package can use, in a few words; None where it is one."""
    problem = problem_of(smiles)
    if problem is not None:
        return problem.message
    return None if kekule(smiles) else "its Kekulé form reads back as another molecule"


def problem_of(smiles: str) -> Problem | None:
    """Why a string is not a molecule; None where `molecule` reads it."""
    given = smiles or ""
    if long := overlong(given):
        return Problem("other", None, long)
    smiles, extension = parts(given)
    if not smiles:
        return Problem("syntax", None, "empty")
    problem = _problem(smiles)
    if problem is None and molecule(given) is None:
        at = given.rindex(extension) + 1 if extension else None
        return Problem("other", at, "no extension of CXSMILES" if extension else "refused by RDKit")
    before = len(given) - len(given.lstrip())
    if problem is None or problem.position is None or not before:
        return problem
    return problem._replace(position=problem.position + before)


def _problem(smiles: str) -> Problem | None:
    """What is wrong with a SMILES that has no blanks around it."""
    blank = re.search(r"\s", smiles)
    if blank:
        return Problem("syntax", blank.start() + 1, "blank inside")
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles, sanitize=False)
        if mol is None:
            return _scan(smiles)[1] or Problem("syntax", None, "not SMILES")
        try:
            Chem.Cleanup(mol)  # as sanitisation begins, so that what it mends is no problem
            Chem.CleanupOrganometallics(mol)
            chemistry = Chem.DetectChemistryProblems(mol)
        except RuntimeError:  # a number of hydrogens that its valence has no room for
            return Problem("valence", None, "a valence beyond what RDKit counts")
    if not chemistry:
        return None
    first = chemistry[0]
    kind = "valence" if "Valence" in first.GetType() else "kekulisation"
    return Problem(kind, _position(smiles, first), first.Message().splitlines()[0].strip())


def atoms_of(problem: Any) -> list[int]:
    """The atoms that one of RDKit's chemistry problems is about; of some kinds it names none."""
    if hasattr(problem, "GetAtomIdx"):
        return [problem.GetAtomIdx()]
    return list(problem.GetAtomIndices()) if hasattr(problem, "GetAtomIndices") else []


def _position(smiles: str, problem: Any) -> int | None:
    """The character where the first atom that RDKit complains of stands."""
    atoms, positions = atoms_of(problem), _scan(smiles)[0]
    return positions[atoms[0]] if atoms and atoms[0] < len(positions) else None


def _scan(smiles: str) -> tuple[list[int], Problem | None]:
    """The character each atom begins at (from 1), and the first thing that makes the string no graph."""
    scan, at = _Scan(), 0
    while at < len(smiles):
        match = TOKEN.match(smiles, at)
        token = match[0] if match else smiles[at]
        kind = match.lastgroup if match else "dot" if token == "." else None
        problem = scan.token(token, kind, at + 1)
        if problem is not None:
            return scan.atoms, problem
        at += len(token)
    return scan.atoms, scan.end(smiles)


@dataclass
class _Scan:
    """What SMILES has said so far; every method returns the problem that its argument makes, if any.

    What stands inside brackets is asked of RDKit; two different bond symbols of one ring label pass, as there.
    """

    atoms: list[int] = field(default_factory=list)  # the character each begins at
    branches: list[tuple[int, int]] = field(
        default_factory=list
    )  # the atom one leaves, its bracket's character
    rings: dict[str, tuple[int, int]] = field(default_factory=dict)  # open labels: atom, character
    bonds: set[frozenset[int]] = field(default_factory=set)
    last: int = -1  # the atom that the next one is bonded to; −1: none
    bond: bool = False  # whether a bond symbol waits for its atom
    fresh: bool = False  # whether a branch has no atom yet

    def token(self, token: str, kind: str | None, position: int) -> Problem | None:
        """The next token: its kind is a group of TOKEN, «dot», or None where it is no SMILES."""
        lonely = self.last < 0 or (self.fresh and kind != "bond")
        if kind is None or (kind != "atom" and lonely):
            return _unexpected(token, position)
        if kind == "atom":
            return self._atom(token, position)
        if kind == "ring":
            return self._ring(token.lstrip("%0") or "0", position)
        if self.bond:
            return _unexpected(token, position)
        if kind == "bond":
            self.bond = True
        elif token == "(":
            self.branches.append((self.last, position))
            self.fresh = True
        elif token == ")":
            if not self.branches:
                return Problem("syntax", position, "unbalanced brackets")
            self.last = self.branches.pop()[0]
        else:
            self.last = -1
        return None

    def _atom(self, token: str, position: int) -> Problem | None:
        if Chem.MolFromSmiles(token, sanitize=False) is None:
            return Problem("syntax", position, f"no atom {token!r}")
        self.bonds.add(frozenset((self.last, len(self.atoms))))
        self.last, self.bond, self.fresh = len(self.atoms), False, False
        self.atoms.append(position)
        return None

    def _ring(self, label: str, position: int) -> Problem | None:
        self.bond = False
        if label not in self.rings:
            self.rings[label] = (self.last, position)
            return None
        pair = frozenset((self.last, self.rings.pop(label)[0]))
        if len(pair) == 1:
            return Problem("ring bond", position, f"ring bond {label} joins an atom to itself")
        if pair in self.bonds:
            return Problem("ring bond", position, f"ring bond {label} joins two atoms twice")
        self.bonds.add(pair)
        return None

    def end(self, smiles: str) -> Problem | None:
        """Nothing follows."""
        if self.bond or self.last < 0:
            return Problem("syntax", len(smiles), f"ends with {smiles[-1]!r}")
        if self.branches:
            return Problem("syntax", self.branches[-1][1], "unbalanced brackets")
        for label, (_, position) in self.rings.items():
            return Problem("ring bond", position, f"ring bond {label} not closed")
        return None


def _unexpected(token: str, position: int) -> Problem:
    return Problem("syntax", position, f"unexpected {token!r}")
