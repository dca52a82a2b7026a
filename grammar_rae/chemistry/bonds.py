"""How many bonds each SMILES atom takes: asked of the installed RDKit, not written down.

A token's bond sum is the sum of the orders of its bonds to heavy atoms, ring bonds included. A star
molecule around the token tells whether RDKit accepts a sum, and whether it leaves a radical. A double or
triple bond counts as allowed where it survives sanitisation: RDKit rewrites those of a neutral halogen
among oxygens as charges, and refuses some of what it has rewritten. An atom with more bonds than RDKit
knows of gives those to a metal away and keeps an electron: among metals it does not have so many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rdkit import Chem, rdBase

MOST = 8  # larger sums are not asked for
PARTNERS = {2: ("=O", "=[OH+]"), 3: ("#N", "#[O+]")}
HYDROGENS = Chem.SmilesParserParams()
HYDROGENS.removeHs = False  # type: ignore[assignment]  # a hydrogen that is written stays an atom


@dataclass(frozen=True)
class Bonds:
    """What one atom token takes."""

    sums: tuple[int, ...]  # allowed bond sums
    order: int  # the largest order of one of its bonds


@dataclass(frozen=True)
class BondTable:
    """`Bonds` of every atom token, and the RDKit that allowed them."""

    bonds: dict[str, Bonds]
    rdkit: str

    def difference(self, other: BondTable) -> list[str]:
        """The tokens on which two tables disagree."""
        tokens = self.bonds.keys() | other.bonds.keys()
        return sorted(t for t in tokens if self.bonds.get(t) != other.bonds.get(t))


def probe(tokens: Iterable[str], radicals: bool = False) -> BondTable:
    """Ask RDKit. With `radicals` a sum that leaves unpaired electrons counts as allowed."""
    asked = list(tokens)
    with rdBase.BlockLogs():
        sums = {token: _sums(token) for token in asked} if radicals else _closed_sums(asked)
        bonds = {token: Bonds(sums[token], _order(token, sums[token])) for token in asked}
    return BondTable(bonds, rdBase.rdkitVersion)


def _sums(token: str) -> tuple[int, ...]:
    return tuple(s for s in range(MOST + 1) if _star(token, "C", "C", s - 1) is not None)


def _closed_sums(tokens: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Those that leave no electron unpaired, whichever of the tokens the bonds are to.

    A hydrogen that would leave one to an atom that is bonded to nothing else takes none at all.
    """
    metal = next((token for token in tokens if _given_away("[S-]", token, 3)), None)
    found = {
        token: tuple(
            s
            for s in _sums(token)
            if _is_closed(token, "C", s) and not (metal is not None and _given_away(token, metal, s))
        )
        for token in tokens
    }
    pairs = [(token, s) for token, sums in found.items() for s in sums if s]
    for hydrogen in filter(_is_counted, tokens):
        if not all(_is_closed(token, hydrogen, s) for token, s in pairs):
            found[hydrogen] = ()
    return found


def _is_closed(token: str, partner: str, bonds: int) -> bool:
    """Whether RDKit reads it and no atom has an unpaired electron, be hydrogens atoms or counted among their
    neighbour's.
    """
    spelled = _spelled(token, partner, partner, bonds - 1)
    stars = [Chem.MolFromSmiles(spelled), Chem.MolFromSmiles(spelled, HYDROGENS)]
    return all(
        star is not None and not any(atom.GetNumRadicalElectrons() for atom in star.GetAtoms())
        for star in stars
    )


def _is_counted(token: str) -> bool:
    """Whether it is a hydrogen that RDKit counts among those of its neighbour."""
    bonded = _star("C", token, "C", 0)
    return bonded is not None and bonded.GetNumAtoms() == 1


def _order(token: str, sums: Sequence[int]) -> int:
    order = 1
    for candidate, partners in PARTNERS.items():
        stars = [_star(token, p, "O", s - candidate) for s in sums if s >= candidate for p in partners]
        if not stars or not all(_keeps(star, candidate) for star in stars):
            break
        order = candidate
    return order


def _given_away(token: str, metal: str, bonds: int) -> bool:
    """Whether RDKit makes a token's bond to a metal, one of so many, a bond that the token alone gives."""
    star = Chem.MolFromSmiles(_spelled(token, metal, "C", bonds - 1), sanitize=False)
    Chem.CleanupOrganometallics(star)
    return any(bond.GetBondType() == Chem.BondType.DATIVE for bond in star.GetBonds())


def _star(token: str, partner: str, other: str, others: int) -> Chem.Mol | None:
    """The token bonded to `partner` and to so many atoms `other`; None where RDKit refuses."""
    return Chem.MolFromSmiles(_spelled(token, partner, other, others))


def _spelled(token: str, partner: str, other: str, others: int) -> str:
    """The same in SMILES; alone where there are fewer `others` than none."""
    return token if others < 0 else f"{token}({partner}){f'({other})' * others}"


def _keeps(star: Chem.Mol | None, order: int) -> bool:
    """Whether the bond to the partner is still of that order, and the canonical form reads back.

    A hydrogen that RDKit counts among its neighbour's has no bond of its own any more.
    """
    if star is None or not star.GetNumBonds() or star.GetBondWithIdx(0).GetBondTypeAsDouble() != order:
        return False
    return Chem.MolFromSmiles(Chem.MolToSmiles(star)) is not None
