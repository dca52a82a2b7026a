"""SMILES as this package writes them: canonical, or canonical Kekulé of the largest fragment.

The Kekulé form has no aromatic atoms, so a grammar over it has no aromaticity to get wrong. It is written
from the molecule's canonical SMILES, hence the same for every spelling of a molecule, and is given only when
it reads back as the same molecule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from rdkit import Chem, rdBase

from grammar_rae.datasets.cache import remembered_strings
from grammar_rae.parallel import spread
from grammar_rae.smiles_shape import TOKEN

KINDS = ("syntax", "ring bond", "valence", "kekulisation", "other")
REMEMBER = 4_000  # lists this long are kept in the cache once their Kekulé forms are known


def molecule(smiles: str) -> Chem.Mol | None:
    """The sanitised molecule, or None: an empty string, blanks, bad syntax or bad chemistry."""
    if not smiles or any(c.isspace() for c in smiles):
        return None
    with rdBase.BlockLogs():
        found = Chem.MolFromSmiles(smiles)
    return found if found is not None and found.GetNumAtoms() else None


def canonical(smiles: str) -> str | None:
    """RDKit's canonical SMILES (all fragments, aromatic), or None where the string is not a molecule."""
    found = molecule(smiles)
    return None if found is None else Chem.MolToSmiles(found)


def kekule(smiles: str) -> str | None:
    """Canonical Kekulé SMILES of the largest fragment, or None; `reason` says why."""
    found = molecule(smiles)
    if found is None:
        return None
    name = Chem.MolToSmiles(largest(found))
    again = molecule(name)
    if again is None:
        return None
    with rdBase.BlockLogs():
        Chem.Kekulize(again, clearAromaticFlags=True)
        written = Chem.MolToSmiles(again, kekuleSmiles=True)
    return written if canonical(written) == name else None


def orders(smiles: str, count: int, seed: int = 0) -> list[str]:
    """Up to `count` further spellings of a molecule in Kekulé form, atoms in random order: augmentation.

    Spellings with a bond symbol on a ring label, which the canonical form never has, are left out.
    """
    found = molecule(smiles)
    if found is None:
        return []
    Chem.Kekulize(found, clearAromaticFlags=True)
    drawn = Chem.MolToRandomSmilesVect(found, 4 * count, randomSeed=seed + 1, kekuleSmiles=True)
    plain = (text for text in dict.fromkeys(drawn) if not re.search(r"[-=#/\\][0-9%]", text))
    return [text for text in plain if text != smiles][:count]


def all_orders(smiles: Sequence[str], count: int) -> list[str]:
    """`orders` of each, one after the other, over all cores."""
    return [text for found in spread(partial(_orders, count=count), smiles) for text in found]


def largest(found: Chem.Mol) -> Chem.Mol:
    """The fragment with most heavy atoms; of equals the one whose SMILES comes first."""
    fragments = Chem.GetMolFrags(found, asMols=True)
    if len(fragments) == 1:
        return found
    return min(fragments, key=lambda part: (-part.GetNumHeavyAtoms(), Chem.MolToSmiles(part)))


class Problem(NamedTuple):
    """Why a string is no molecule: `kind` (one of `KINDS`), the character it is at (from 1) if known, words."""

    kind: str
    position: int | None
    message: str


def reason(smiles: str) -> str | None:
    """Why a string is not a molecule this package can use, in a few words; None where it is one."""
    found = problem(smiles)
    if found is not None:
        return found.message
    return None if kekule(smiles) else "its Kekulé form reads back as another molecule"


def problem(smiles: str) -> Problem | None:
    """Why a string is not a molecule; None where `molecule` reads it."""
    if not smiles:
        return Problem("syntax", None, "empty")
    blank = re.search(r"\s", smiles)
    if blank:
        return Problem("syntax", blank.start() + 1, "blank inside")
    with rdBase.BlockLogs():
        parsed = Chem.MolFromSmiles(smiles, sanitize=False)
        if parsed is None:
            return _scan(smiles)[1] or Problem("syntax", None, "not SMILES")
        problems = Chem.DetectChemistryProblems(parsed)
    if problems:
        first = problems[0]
        kind = "valence" if "Valence" in first.GetType() else "kekulisation"
        return Problem(kind, _place(smiles, first), first.Message().splitlines()[0].strip())
    return None if molecule(smiles) is not None else Problem("other", None, "refused by RDKit")


def _place(smiles: str, problem: Any) -> int | None:
    """The character where the atom that RDKit complains of stands."""
    index = problem.GetAtomIdx() if hasattr(problem, "GetAtomIdx") else problem.GetAtomIndices()[0]
    starts = _scan(smiles)[0]
    return starts[index] if index < len(starts) else None


def _scan(smiles: str) -> tuple[list[int], Problem | None]:
    """The character each atom begins at (from 1), and the first thing that makes the string no graph.

    What stands inside brackets is asked of RDKit; two different bond symbols of one ring label pass, as there.
    """
    starts: list[int] = []
    branches: list[tuple[int, int]] = []  # the atom a branch leaves, the character of its bracket
    rings: dict[str, tuple[int, int]] = {}  # open labels: atom, character
    bonds: set[frozenset[int]] = set()
    last, bond, fresh, at = -1, "", False, 0  # fresh: a branch without an atom yet
    while at < len(smiles):
        match, here = TOKEN.match(smiles, at), at + 1
        token = match[0] if match else smiles[at]
        kind = match.lastgroup if match else "dot" if token == "." else None
        at += len(token)
        if kind is None or (kind != "atom" and (last < 0 or (fresh and kind != "bond"))):
            return starts, Problem("syntax", here, f"unexpected {token!r}")
        if kind == "atom":
            if Chem.MolFromSmiles(token, sanitize=False) is None:
                return starts, Problem("syntax", here, f"no atom {token!r}")
            starts.append(here)
            bonds.add(frozenset((last, len(starts) - 1)))
            last, bond, fresh = len(starts) - 1, "", False
        elif kind == "ring":
            label = token.lstrip("%0") or "0"
            if label not in rings:
                rings[label] = (last, here)
            else:
                pair = frozenset((last, rings.pop(label)[0]))
                if len(pair) == 1 or pair in bonds:
                    twice = "an atom to itself" if len(pair) == 1 else "two atoms twice"
                    return starts, Problem("ring bond", here, f"ring bond {label} joins {twice}")
                bonds.add(pair)
            bond = ""
        elif bond:
            return starts, Problem("syntax", here, f"unexpected {token!r}")
        elif kind == "bond":
            bond = token
        elif token == "(":
            branches.append((last, here))
            fresh = True
        elif token == ")":
            if not branches:
                return starts, Problem("syntax", here, "unbalanced brackets")
            last = branches.pop()[0]
        else:
            last = -1
    if bond or last < 0:
        return starts, Problem("syntax", len(smiles), f"ends with {smiles[-1]!r}")
    if branches:
        return starts, Problem("syntax", branches[-1][1], "unbalanced brackets")
    for label, (_, here) in rings.items():
        return starts, Problem("ring bond", here, f"ring bond {label} not closed")
    return starts, None


def canonicals(smiles: Sequence[str]) -> list[str | None]:
    """`canonical` of each, over all cores."""
    return spread(_canonicals, smiles)


def kekules(smiles: Sequence[str], cache: bool = True) -> list[str | None]:
    """`kekule` of each, over all cores; long lists are remembered in the user's cache if `cache`."""
    if not cache or len(smiles) < REMEMBER:
        return spread(_kekules, smiles)
    return remembered_strings(f"kekule-rdkit-{rdBase.rdkitVersion}", smiles, lambda: spread(_kekules, smiles))


def _orders(smiles: Iterable[str], count: int) -> list[list[str]]:
    return [orders(s, count) for s in smiles]


def _canonicals(smiles: Iterable[str]) -> list[str | None]:
    return [canonical(s) for s in smiles]


def _kekules(smiles: Iterable[str]) -> list[str | None]:
    return [kekule(s) for s in smiles]
