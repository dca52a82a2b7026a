"""What the metrics need of a set of molecules, computed in one pass over its distinct members.

Every distinct canonical SMILES is read once more, so that nothing depends on how a molecule was spelled, and all
that is known of it comes from that one reading, chunk by chunk over all cores. Profiles of large sets are kept
in the user's cache, named by the molecules, this definition and RDKit's version.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rdkit import Chem, rdBase
from rdkit.Chem import AllChem

from grammar_rae.chemistry.fingerprints import murcko_scaffold
from grammar_rae.evaluation.molecules.filters import passes
from grammar_rae.evaluation.molecules.molecule import Molecule, molecule_batches
from grammar_rae.evaluation.molecules.properties import NAMES, property_values
from grammar_rae.evaluation.molecules.similarity import Words, fold
from grammar_rae.files.cache import remembered_arrays
from grammar_rae.parallel import spread

DEFINITION = 3  # raise it when anything below changes what a profile holds
PROFILED = tuple(name for name in NAMES if name != "bertz")  # whose time grows with the cube of the atoms
POSITIONS = 4096  # bits of the Morgan fingerprint kept; 1,024 are these folded twice
PARALLEL_FROM = 200
REMEMBER = 2_000


class Described(NamedTuple):
    """What is known of one molecule."""

    values: tuple[float, ...]  # PROFILED, then whether it passes the filters
    positions: NDArray[np.int64]  # of the set bits of its Morgan fingerprint
    flat: str  # SMILES without stereochemistry and isotopes
    fragments: list[str]  # between its BRICS bonds; empty where they are not needed
    scaffold: str  # Bemis and Murcko's; empty where it has fewer than two rings, or is not needed


@dataclass(frozen=True)
class Profile:
    """Distinct molecules and how often each stands in the set."""

    forms: list[str]  # canonical SMILES, by first appearance
    counts: NDArray[np.int64]
    values: pd.DataFrame  # (distinct, PROFILED and `filters`)
    positions: NDArray[np.uint16]
    sizes: NDArray[np.int64]  # how many positions each molecule has
    flat: list[str]
    fragments: dict[str, int]
    scaffolds: dict[str, int]

    def __len__(self) -> int:
        """Molecules, each as often as it stands in the set."""
        return int(self.counts.sum())

    def fingerprints(self, bits: int = 1024, rows: NDArray[np.integer] | None = None) -> Words:
        """Morgan fingerprints (n, bits / 64) uint64 of all distinct molecules, or of some rows of them."""
        if rows is None:
            return fold(self.positions, self.sizes, bits)
        ends = np.cumsum(self.sizes)
        chosen = [self.positions[ends[row] - self.sizes[row] : ends[row]] for row in rows]
        return fold(np.concatenate(chosen), self.sizes[rows], bits)

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """Rows sorted by canonical SMILES: an order that does not depend on the set's."""
        return np.array(sorted(range(len(self.forms)), key=self.forms.__getitem__), np.intp)


def profile(
    forms: Sequence[str], counts: Sequence[int] | NDArray[np.integer], compared: bool = True
) -> Profile:
    """The profile of distinct canonical SMILES that stand in a set `counts` times each.

    Its fragments and scaffolds are of use only where it is `compared` with another, and are left out where not.
    """
    rows = spread(partial(_described, compared=compared), forms, PARALLEL_FROM)
    fragments: Counter[str] = Counter()
    scaffolds: Counter[str] = Counter()
    for row, count in zip(rows, counts, strict=True):
        for fragment in row.fragments:
            fragments[fragment] += int(count)
        if row.scaffold:
            scaffolds[row.scaffold] += int(count)
    values = np.array([row.values for row in rows], dtype=float).reshape(len(rows), len(PROFILED) + 1)
    return Profile(
        forms=list(forms),
        counts=np.asarray(counts, np.int64),
        values=pd.DataFrame(values, columns=[*PROFILED, "filters"]),
        positions=np.concatenate([np.zeros(0, np.int64), *(row.positions for row in rows)]).astype(np.uint16),
        sizes=np.array([len(row.positions) for row in rows], np.int64),
        fragments=dict(fragments),
        scaffolds=dict(scaffolds),
        flat=[row.flat for row in rows],
    )


def remembered(strings: Sequence[str], compute: Callable[[], Profile]) -> Profile:
    """`compute()`, the profile of these strings, or what it was last time, from the user's cache if many."""
    if len(strings) < REMEMBER:
        return compute()
    kind = f"profile-{DEFINITION}-rdkit-{rdBase.rdkitVersion}"
    return _unpacked(remembered_arrays(kind, strings, lambda: _packed(compute())))


def describe_molecules(molecules: Sequence[Molecule], compared: bool = True) -> list[Described]:
    """Everything of a few molecules."""
    values = [
        *property_values(molecules, PROFILED).values(),
        [float(passes(molecule)) for molecule in molecules],
    ]
    return [
        Described(*row)
        for row in zip(
            zip(*values, strict=True),
            [np.unique(np.fromiter(molecule.environments, np.int64) % POSITIONS) for molecule in molecules],
            [molecule.flat for molecule in molecules],
            [brics_fragments(molecule.mol) if compared else [] for molecule in molecules],
            [scaffold(molecule.mol) if compared else "" for molecule in molecules],
            strict=True,
        )
    ]


def brics_fragments(mol: Chem.Mol) -> list[str]:
    """SMILES of the pieces of a molecule between its BRICS bonds (Degen et al. 2008)."""
    brics = AllChem.FragmentOnBRICSBonds(mol)  # type: ignore[attr-defined]
    return Chem.MolToSmiles(brics).split(".")


def scaffold(mol: Chem.Mol) -> str:
    """SMILES of a molecule's Bemis-Murcko scaffold; empty where it has fewer than two rings (as in MOSES)."""
    if mol.GetRingInfo().NumRings() < 2:
        return ""
    frame = murcko_scaffold(mol)
    return str(Chem.MolToSmiles(frame)) if frame.GetRingInfo().NumRings() > 1 else ""


def _described(forms: Sequence[str], compared: bool) -> list[Described]:
    rows: dict[str, Described] = {}
    with rdBase.BlockLogs():
        for part in molecule_batches(forms):
            rows |= zip(part, describe_molecules([*part.values()], compared), strict=True)
    return [rows.get(form) or _nothing(form) for form in forms]


def _nothing(form: str) -> Described:
    """RDKit wrote a SMILES that it does not read: a molecule without any property."""
    values = (np.nan,) * len(PROFILED)
    return Described((*values, 0.0), np.zeros(0, np.int64), form, [], "")


def _packed(profiled: Profile) -> dict[str, NDArray[Any]]:
    texts = {
        "forms": profiled.forms,
        "flat": profiled.flat,
        "fragments": profiled.fragments,
        "scaffolds": profiled.scaffolds,
    }
    return {name: _bytes(lines) for name, lines in texts.items()} | {
        "counts": profiled.counts,
        "values": profiled.values.to_numpy(),
        "positions": profiled.positions,
        "sizes": profiled.sizes,
        "fragment_counts": np.array(list(profiled.fragments.values()), np.int64),
        "scaffold_counts": np.array(list(profiled.scaffolds.values()), np.int64),
    }


def _unpacked(arrays: dict[str, NDArray[Any]]) -> Profile:
    return Profile(
        forms=_lines(arrays["forms"]),
        counts=arrays["counts"],
        values=pd.DataFrame(arrays["values"], columns=[*PROFILED, "filters"]),
        positions=arrays["positions"],
        sizes=arrays["sizes"],
        fragments=dict(zip(_lines(arrays["fragments"]), arrays["fragment_counts"].tolist(), strict=True)),
        scaffolds=dict(zip(_lines(arrays["scaffolds"]), arrays["scaffold_counts"].tolist(), strict=True)),
        flat=_lines(arrays["flat"]),
    )


def _bytes(lines: Any) -> NDArray[np.uint8]:
    return np.frombuffer("".join(f"{line}\n" for line in lines).encode(), np.uint8)


def _lines(body: NDArray[np.uint8]) -> list[str]:
    return body.tobytes().decode().splitlines()
