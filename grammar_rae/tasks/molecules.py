"""Molecules as SMILES."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grammar_rae.chemistry import fingerprints
from grammar_rae.chemistry.diagnosis import reason
from grammar_rae.chemistry.looks import bare, looks_like_smiles
from grammar_rae.chemistry.smiles import canonical, canonicals
from grammar_rae.errors import DataError
from grammar_rae.evaluation.metrics import MOLECULE_PROPERTIES
from grammar_rae.evaluation.molecules import metrics
from grammar_rae.evaluation.molecules.profile import Profile, profile
from grammar_rae.evaluation.shares import shares
from grammar_rae.files.cache import WORTHWHILE
from grammar_rae.files.layout import Reading
from grammar_rae.tasks import features, text
from grammar_rae.tasks.task import Drawing, Measurement, Numbers, Searchable, Spelling

if TYPE_CHECKING:
    from grammar_rae.grammar.grammar import Grammar
    from grammar_rae.report.html import Html
    from grammar_rae.report.sets import ItemSet, Reference

ACROSS, DOWN = 5, 4  # molecules of a picture


class MoleculeTask:
    """Valid where RDKit reads them; measured by MOSES and GuacaMol, compared with a reference's profile."""

    name = "molecules"
    column = "smiles"
    valid = "molecules"
    properties = MOLECULE_PROPERTIES
    colour = "logp"
    medium = text.Text(Reading(looks_like_smiles), bare)
    assessment = "shares"

    @property
    def spelling(self) -> Spelling:
        """Canonical SMILES."""
        return canonicals

    @property
    def drawing(self) -> Drawing:
        """Structures."""
        return Drawing(_grid, ".3f")

    @property
    def search(self) -> Searchable:
        """Counts of fragments, similarity to a molecule, and heavy atoms."""
        return Searchable(
            "structure",
            "grae-smiles",
            features.fragments,
            similarity=fingerprints.bit_similarity,
            heavy_atoms=_heavy_atoms,
            likeness=("similarity", "similarity:"),
            sought=metrics.sought,
        )

    def derived_by(self, grammar: Grammar | None) -> MoleculeTask:
        """The same: a molecule is one whatever grammar wrote it."""
        return self

    def recognised(self, strings: Sequence[str]) -> float:
        """The share that RDKit reads."""
        return sum(canonical(text) is not None for text in strings) / max(1, len(strings))

    def canonical(self, items: Sequence[str]) -> list[str | None]:
        """RDKit's canonical SMILES, those of a list as long as a data set from the user's cache."""
        return canonicals(items, cache=len(items) >= WORTHWHILE)

    def reasons(self, items: Sequence[str]) -> list[str]:
        """Why RDKit accepts no molecule, with the atom at fault."""
        forms = canonicals(items)
        return [
            "" if form is not None else reason(item) or "refused by RDKit"
            for item, form in zip(items, forms, strict=True)
        ]

    def table(self, items: Sequence[str], forms: Sequence[str | None] | None = None) -> pd.DataFrame:
        """As `metrics.molecule_table`."""
        return metrics.molecule_table(items, forms)

    def seen(self, items: Sequence[str]) -> NDArray[np.uint64]:
        """Hashes of canonical SMILES."""
        return metrics.seen(items)

    def shares(
        self,
        items: Sequence[str],
        seen: NDArray[np.uint64] | Sequence[str] | None = None,
        forms: Sequence[str | None] | None = None,
    ) -> Numbers:
        """No property is computed but the number of heavy atoms."""
        forms = canonicals(items) if forms is None else forms
        atoms = metrics.properties(forms, ("heavy_atoms",))["heavy_atoms"].dropna()
        large = float((atoms >= metrics.TEN).mean()) if len(atoms) else None
        known = seen if seen is None or isinstance(seen, np.ndarray) else self.seen(seen)
        return shares(forms, known) | {"ten_heavy_atoms": large}

    def summary(self, table: pd.DataFrame, seen: NDArray[np.uint64] | Sequence[str] | None = None) -> Numbers:
        """With the shares that have ten heavy atoms and pass the filters."""
        rows = text.valid_rows(table)
        return text.summary(self, table, seen) | {
            "ten_heavy_atoms": text.finite((rows["heavy_atoms"] >= metrics.TEN).mean()),
            "filters": text.finite(rows["filters"].mean()),
        }

    def reference(self, items: Sequence[str]) -> Profile:
        """The profile of the reference's molecules."""
        return metrics.reference(items)

    def reference_table(self, reference: Profile) -> pd.DataFrame:
        """Its molecules as a table, each as often as it comes."""
        head = pd.DataFrame({"valid": True, "canonical": reference.forms})
        rows = pd.concat([head, reference.values], axis=1)
        return rows.loc[rows.index.repeat(reference.counts)].reset_index(drop=True)

    def measure(
        self,
        items: Sequence[str],
        reference: Profile | None = None,
        seen: NDArray[np.uint64] | Sequence[str] | None = None,
        fcd: bool = False,
        forms: Sequence[str | None] | None = None,
    ) -> Measurement:
        """As `metrics.metrics`; DataError for `fcd` without a reference, or where its package is missing."""
        if fcd and reference is None:
            raise DataError("the Fréchet ChemNet distance needs a reference")
        known = seen if seen is None or isinstance(seen, np.ndarray) else self.seen(seen)
        distinct = metrics.read_molecules(items, forms)
        profiled = profile(distinct.forms, distinct.counts, compared=reference is not None)
        numbers = metrics.metrics(distinct, profiled, reference, known, fcd)
        return Measurement(numbers, lambda: metrics.molecule_rows(items, distinct, profiled))

    def sections(self, sets: Sequence[ItemSet], reference: Reference | None, score: str) -> list[Html]:
        """Typical, best and most novel molecules, scaffolds, and what is not valid with the atom at fault."""
        from grammar_rae.report import html
        from grammar_rae.report.items import molecule_sections, refused_section

        return [*molecule_sections(sets, reference, score), refused_section(sets, html.structure)]


MOLECULES = MoleculeTask()


def _grid(
    items: Sequence[str], path: str | Path, legends: Sequence[str] | None = None, most: int | None = None
) -> int:
    from grammar_rae.chemistry.drawing import write_grid

    rows = DOWN if most is None else -(-most // ACROSS)
    return write_grid(items, path, ACROSS, rows, legends)


def _heavy_atoms(smiles: Sequence[str]) -> NDArray[np.floating]:
    return metrics.properties(smiles, ("heavy_atoms",))["heavy_atoms"].to_numpy(float)
