"""Molecules: which strings are valid, and their properties.

Everything is computed on the molecule re-read from its canonical SMILES, so that a property does not depend
on how the molecule was spelled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd
from rdkit import rdBase

from grammar_rae.datasets.parallel import spread
from grammar_rae.datasets.smiles import canonical, molecule, reason
from grammar_rae.errors import DataError
from grammar_rae.evaluators.scores import PENALISED, PROPERTIES, scores

COLUMNS = (
    "logp",
    "sa",
    "qed",
    "plogp",
    "plogp_raw",
    "cycle",
    "weight",
    "heavy_atoms",
    "rings",
    "aromatic_rings",
)
NAMES = (*PROPERTIES, *PENALISED)
PARALLEL_FROM = 500


def table(strings: Sequence[str], columns: Sequence[str] = COLUMNS) -> pd.DataFrame:
    """One row an item: smiles, valid, reason, canonical and the properties (NaN where the item is invalid).

    The reason is empty for a valid item. Each distinct canonical SMILES is computed once, over all cores.
    """
    forms = spread(_forms, strings)
    why = [
        "" if form is not None else reason(text) or "refused by RDKit"
        for text, form in zip(strings, forms, strict=True)
    ]
    found = properties(forms, columns)
    head = pd.DataFrame(
        {
            "smiles": list(strings),
            "valid": [form is not None for form in forms],
            "reason": why,
            "canonical": forms,
        }
    )
    return pd.concat([head, found], axis=1)


def properties(forms: Sequence[str | None], columns: Sequence[str] = COLUMNS) -> pd.DataFrame:
    """(len(forms), len(columns)) float properties of canonical SMILES; a row of NaN for None."""
    unknown = sorted(set(columns) - set(NAMES))
    if unknown:
        raise DataError(f"no molecule property {unknown[0]!r}; there are {', '.join(NAMES)}")
    distinct = list(dict.fromkeys(form for form in forms if form is not None))
    rows = spread(partial(_rows, columns=tuple(columns)), distinct, PARALLEL_FROM)
    known = dict(zip(distinct, rows, strict=True))
    empty = (np.nan,) * len(columns)
    values = [empty if form is None else known[form] for form in forms]
    return pd.DataFrame(
        np.array(values, dtype=float).reshape(len(forms), len(columns)), columns=list(columns)
    )


def score(name: str) -> Callable[[Sequence[str]], np.ndarray]:
    """A named property as a score: strings → (n,) float, NaN where the string is not a molecule."""

    def compute(strings: Sequence[str]) -> np.ndarray:
        return properties(spread(_forms, strings), (name,))[name].to_numpy()

    return compute


def _forms(strings: Sequence[str]) -> list[str | None]:
    return [canonical(text) for text in strings]


def _rows(forms: Sequence[str], columns: tuple[str, ...]) -> list[tuple[float, ...]]:
    rows = []
    with rdBase.BlockLogs():
        for form in forms:
            found = molecule(form)
            values = scores(found, columns) if found is not None else dict.fromkeys(columns, np.nan)
            rows.append(tuple(values[name] for name in columns))
    return rows
