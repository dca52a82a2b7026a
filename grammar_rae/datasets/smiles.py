"""SMILES as this package writes them: canonical, or canonical Kekulé of the largest fragment.

The Kekulé form has no aromatic atoms, so a grammar over it has no aromaticity to get wrong. It is written
from the molecule's canonical SMILES, hence the same for every spelling of a molecule, and is given only when
it reads back as the same molecule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import partial

from rdkit import Chem, rdBase

from grammar_rae.datasets.cache import remembered
from grammar_rae.datasets.parallel import spread

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


def reason(smiles: str) -> str | None:
    """Why a string is not a molecule this package can use, in a few words; None where it is one."""
    if not smiles:
        return "empty"
    if any(c.isspace() for c in smiles):
        return "blank inside"
    with rdBase.BlockLogs():
        parsed = Chem.MolFromSmiles(smiles, sanitize=False)
        if parsed is None:
            return _syntax(smiles)
        problems = Chem.DetectChemistryProblems(parsed)
    if problems:
        return problems[0].Message().splitlines()[0].strip()
    if molecule(smiles) is None:
        return "refused by RDKit"
    return None if kekule(smiles) else "its Kekulé form reads back as another molecule"


def _syntax(smiles: str) -> str:
    """What is wrong with a string that is not even a graph."""
    outside = re.sub(r"\[[^\]]*\]", "", smiles)
    if outside.count("(") != outside.count(")"):
        return "unbalanced brackets"
    labels = re.findall(r"%\d\d|\d", outside)
    open_rings = sorted({label for label in labels if labels.count(label) % 2})
    return f"ring bond {open_rings[0]} not closed" if open_rings else "not SMILES"


def canonicals(smiles: Sequence[str]) -> list[str | None]:
    """`canonical` of each, over all cores."""
    return spread(_canonicals, smiles)


def kekules(smiles: Sequence[str], cache: bool = True) -> list[str | None]:
    """`kekule` of each, over all cores; long lists are remembered in the user's cache if `cache`."""
    if not cache or len(smiles) < REMEMBER:
        return spread(_kekules, smiles)
    return remembered(f"kekule-rdkit-{rdBase.rdkitVersion}", smiles, lambda: spread(_kekules, smiles))


def _orders(smiles: Iterable[str], count: int) -> list[list[str]]:
    return [orders(s, count) for s in smiles]


def _canonicals(smiles: Iterable[str]) -> list[str | None]:
    return [canonical(s) for s in smiles]


def _kekules(smiles: Iterable[str]) -> list[str | None]:
    return [kekule(s) for s in smiles]
