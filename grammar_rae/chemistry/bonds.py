"""How many bonds each SMILES atom takes: asked of the installed RDKit, not written down.

A token's bond sum is the sum of the orders of its bonds to heavy atoms, ring bonds included. A star
molecule around the token tells whether RDKit accepts a sum, and whether it leaves a radical. A double or
triple bond counts as allowed where it survives sanitisation: RDKit rewrites those of a neutral halogen
among oxygens as charges, and refuses some of what it has rewritten.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rdkit import Chem, rdBase

MOST = 8  # larger sums are not asked for
PARTNERS = {2: ("=O", "=[OH+]"), 3: ("#N", "#[O+]")}


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
    with rdBase.BlockLogs():
        return BondTable({token: _probe(token, radicals) for token in tokens}, rdBase.rdkitVersion)


def _probe(token: str, radicals: bool) -> Bonds:
    sums = tuple(s for s in range(MOST + 1) if _accepts(token, s, radicals))
    order = 1
    for candidate, partners in PARTNERS.items():
        stars = [_star(token, p, "O", s - candidate) for s in sums if s >= candidate for p in partners]
        if not stars or not all(_keeps(star, candidate) for star in stars):
            break
        order = candidate
    return Bonds(sums, order)


def _accepts(token: str, bonds: int, radicals: bool) -> bool:
    star = _star(token, "C", "C", bonds - 1) if bonds else Chem.MolFromSmiles(token)
    return star is not None and (radicals or star.GetAtomWithIdx(0).GetNumRadicalElectrons() == 0)


def _star(token: str, partner: str, other: str, others: int) -> Chem.Mol | None:
    """The token bonded to `partner` and to so many atoms `other`; None where RDKit refuses."""
    return Chem.MolFromSmiles(f"{token}({partner}){f'({other})' * others}")


def _keeps(star: Chem.Mol | None, order: int) -> bool:
    """Whether the bond to the partner is still of that order, and the canonical form reads back."""
    if star is None or star.GetBondWithIdx(0).GetBondTypeAsDouble() != order:
        return False
    return Chem.MolFromSmiles(Chem.MolToSmiles(star)) is not None
