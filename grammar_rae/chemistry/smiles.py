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

from grammar_rae.chemistry.looks import parts
from grammar_rae.files.cache import remembered_strings
from grammar_rae.limits.lengths import too_long
from grammar_rae.parallel import spread

READABLE = 10_000  # characters; RDKit's depth-first searches overflow a stack of 8 MiB at twice as many atoms
FORM = 2  # raise it when a molecule gets another canonical form
REMEMBER = 4_000  # molecules, from which on their Kekulé forms are kept in the user's cache


def molecule(smiles: str) -> Chem.Mol | None:
    """The sanitised molecule, or None: an empty string, one that is `overlong`, bad syntax or bad chemistry.

    Blanks around it, a name behind it and an extension of CXSMILES are no part of it, as for RDKit; see `looks.parts`.
    """
    if overlong(smiles or ""):
        return None
    spelled, extension = parts(smiles or "")
    if len(spelled.split()) != 1:
        return None
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(f"{spelled} {extension}" if extension else spelled)
    return mol if mol is not None and mol.GetNumAtoms() else None


def overlong(smiles: str) -> str:
    """Why a string is too long to be read, "" where it is not; see `limits.lengths`."""
    return too_long(smiles) or too_long(smiles, READABLE, "RDKit")


def canonical(smiles: str) -> str | None:
    """The one canonical SMILES of a molecule (all fragments, aromatic), or None where the string is none.

    RDKit's canonical form of a few molecules reads back as another, and that as the first again, mostly of cages whose
    stereochemistry it cannot settle. Of such a circle the form that comes first in the alphabet is taken, so that the
    canonical form of a canonical form is itself.
    """
    mol = molecule(smiles)
    return None if mol is None else _settled(Chem.MolToSmiles(mol), smiles, mol)[0]


def _settled(form: str, smiles: str, mol: Chem.Mol) -> tuple[str, Chem.Mol | None]:
    """What RDKit's canonical form comes to where it is read and written again and again; and the molecule it reads as.

    That is itself nearly always. `mol` is what `smiles` was read as; where that is the form, it reads back as itself.
    """
    if form == smiles:
        return form, mol
    met, read = [form], [molecule(form)]
    while read[-1] is not None:
        again = Chem.MolToSmiles(read[-1])
        if again in met:
            one = min(met[met.index(again) :])
            return one, read[met.index(one)]
        met.append(again)
        read.append(molecule(again))
    last = max(0, len(met) - 2)
    return met[last], read[last]


def kekule(smiles: str) -> str | None:
    """Canonical Kekulé SMILES of the largest fragment, or None; `diagnosis.reason` says why."""
    mol = molecule(smiles)
    if mol is None:
        return None
    name, fragment = _settled(Chem.MolToSmiles(largest(mol)), smiles, mol)
    if fragment is None:
        return None
    with rdBase.BlockLogs():
        Chem.Kekulize(fragment, clearAromaticFlags=True)
        form = Chem.MolToSmiles(fragment, kekuleSmiles=True)
    again = molecule(form)
    same = again is not None and (Chem.MolToSmiles(again) == name or canonical(form) == name)
    return form if same else None


def orders(smiles: str, count: int, seed: int = 0) -> list[str]:
    """Up to `count` further spellings of a molecule in Kekulé form, atoms in random order: augmentation.

    Spellings with a bond symbol on a ring label, which the canonical form never has, are left out.
    """
    mol = molecule(smiles)
    if mol is None:
        return []
    Chem.Kekulize(mol, clearAromaticFlags=True)
    spellings = Chem.MolToRandomSmilesVect(mol, 4 * count, randomSeed=seed + 1, kekuleSmiles=True)
    plain = (text for text in dict.fromkeys(spellings) if not re.search(r"[-=#/\\][0-9%]", text))
    return [text for text in plain if text != smiles][:count]


def all_orders(smiles: Sequence[str], count: int) -> list[str]:
    """`orders` of each, one after the other, over all cores."""
    return [text for spellings in spread(partial(_orders, count=count), smiles) for text in spellings]


def largest(mol: Chem.Mol) -> Chem.Mol:
    """The fragment with most heavy atoms; of equals the one whose SMILES comes first."""
    if len(Chem.GetMolFrags(mol)) == 1:
        return mol
    fragments = Chem.GetMolFrags(mol, asMols=True)
    return min(fragments, key=lambda part: (-part.GetNumHeavyAtoms(), Chem.MolToSmiles(part)))


def canonicals(smiles: Sequence[str], cache: bool = False) -> list[str | None]:
    """`canonical` of each, over all cores; with `cache` those of a long list are kept in the user's cache."""
    if not cache or len(smiles) < REMEMBER:
        return spread(_canonicals, smiles)
    kind = f"canonical-{FORM}-rdkit-{rdBase.rdkitVersion}"
    return remembered_strings(kind, smiles, lambda: spread(_canonicals, smiles))


def kekules(smiles: Sequence[str], cache: bool = True) -> list[str | None]:
    """`kekule` of each, over all cores; with `cache` those of a long list are kept in the user's cache."""
    if not cache or len(smiles) < REMEMBER:
        return spread(_kekules, smiles)
    kind = f"kekule-{FORM}-rdkit-{rdBase.rdkitVersion}"
    return remembered_strings(kind, smiles, lambda: spread(_kekules, smiles))


def _orders(smiles: Iterable[str], count: int) -> list[list[str]]:
    return [orders(text, count) for text in smiles]


def _canonicals(smiles: Iterable[str]) -> list[str | None]:
    return [canonical(text) for text in smiles]


def _kekules(smiles: Iterable[str]) -> list[str | None]:
    return [kekule(text) for text in smiles]
