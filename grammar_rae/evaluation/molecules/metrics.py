"""Molecules: which strings are valid, and everything that is measured on a set of them.

Everything is computed on the molecule re-read from its canonical SMILES, so that a property does not depend
on how the molecule was spelled.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rdkit import rdBase

from grammar_rae.chemistry.diagnosis import KINDS, Problem, problem_of
from grammar_rae.chemistry.smiles import FORM, canonical, canonicals
from grammar_rae.errors import DataError
from grammar_rae.evaluation.metrics import MOLECULE_PROPERTIES
from grammar_rae.evaluation.molecules import guacamol, moses
from grammar_rae.evaluation.molecules.fcd import activation_moments, frechet_distance, left_out, too_long
from grammar_rae.evaluation.molecules.molecule import molecule_batches
from grammar_rae.evaluation.molecules.profile import PROFILED, REMEMBER, Profile, profile, remembered
from grammar_rae.evaluation.molecules.properties import NAMES, property_values
from grammar_rae.evaluation.novelty import hashes
from grammar_rae.evaluation.shares import shares
from grammar_rae.files.cache import remembered_arrays
from grammar_rae.parallel import spread

OTHERS = tuple(name for name in PROFILED if name not in MOLECULE_PROPERTIES)
SOUGHT = ("plogp", "qed")
PARALLEL_FROM = 500
TEN = 10

Numbers = dict[str, float | None]


@dataclass(frozen=True)
class MoleculeSet:
    """Strings as they were read: which of the distinct molecules each is, or which of the problems it has."""

    places: NDArray[np.int32]  # (n,) a row of `forms`, or -1 - a place in `problems`
    forms: list[str]  # distinct canonical SMILES by first appearance
    problems: list[Problem]  # of distinct strings

    @property
    def valid(self) -> NDArray[np.int32]:
        """Rows of the valid items, in the order of the strings."""
        return self.places[self.places >= 0]

    @property
    def canonical(self) -> list[str | None]:
        """The canonical SMILES of every string, None where it is no molecule."""
        return [self.forms[place] if place >= 0 else None for place in self.places]

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each molecule stands among the strings."""
        return np.bincount(self.valid, minlength=len(self.forms)).astype(np.int64)


def read_molecules(strings: Sequence[str], forms: Sequence[str | None] | None = None) -> MoleculeSet:
    """Every distinct string read once, over all cores; `forms`: their canonical SMILES, where these are known."""
    given = dict(zip(strings, forms, strict=True)) if forms is not None else dict.fromkeys(strings)
    unread = [text for text, form in given.items() if form is None]
    results = dict(zip(unread, spread(_canonical_or_problem, unread), strict=True))
    rows: dict[str, int] = {}
    problems: list[Problem] = []
    places: dict[str, int] = {}
    for text, form in given.items():
        result = form or results[text]
        if isinstance(result, str):
            places[text] = rows.setdefault(result, len(rows))
        else:
            problems.append(result)
            places[text] = -len(problems)
    each = np.fromiter((places[text] for text in strings), np.int32, len(strings))
    return MoleculeSet(each, list(rows), problems)


def reference(strings: Sequence[str]) -> Profile:
    """The profile of strings to compare with, from the user's cache where it was made before."""

    def compute() -> Profile:
        """The profile, read anew."""
        molecules = read_molecules(strings)
        return profile(molecules.forms, molecules.counts)

    return remembered(strings, compute)


def seen(strings: Sequence[str]) -> NDArray[np.uint64]:
    """Hashes of the strings' canonical forms, from the user's cache where they were made before."""

    def compute() -> dict[str, NDArray[np.uint64]]:
        """The hashes, read anew."""
        return {"hashes": hashes(form for form in canonicals(strings) if form is not None)}

    if len(strings) < REMEMBER:
        return compute()["hashes"]
    kind = f"seen-{FORM}-rdkit-{rdBase.rdkitVersion}"
    return remembered_arrays(kind, strings, compute)["hashes"]


def molecule_table(strings: Sequence[str], forms: Sequence[str | None] | None = None) -> pd.DataFrame:
    """One row an item: smiles, valid, reason, canonical, properties (NaN where invalid), kind, position, filters.

    `reason` is empty for a valid item, `kind` one of `KINDS` and `position` the character it is at (from 1), if
    known. `forms` as in `read_molecules`. Each distinct molecule is computed once, over all cores.
    """
    molecules = read_molecules(strings, forms)
    return molecule_rows(strings, molecules, profile(molecules.forms, molecules.counts, compared=False))


def molecule_rows(strings: Sequence[str], molecules: MoleculeSet, profiled: Profile) -> pd.DataFrame:
    """`molecule_table` of strings that were read and profiled before."""
    valid = molecules.places >= 0
    nothing = Problem("", None, "")
    problems = [nothing if place >= 0 else molecules.problems[-1 - place] for place in molecules.places]
    rows = np.where(valid, molecules.places, len(molecules.forms))  # of an invalid string: behind the last
    values = {name: np.append(column, np.nan)[rows] for name, column in profiled.values.items()}
    return pd.DataFrame(
        {
            "smiles": list(strings),
            "valid": valid,
            "reason": [problem.message for problem in problems],
            "canonical": molecules.canonical,
            **{name: values[name] for name in (*MOLECULE_PROPERTIES, *OTHERS, "filters")},
            "kind": [problem.kind for problem in problems],
            "position": pd.array([problem.position for problem in problems], dtype="Int64"),
        },
        copy=False,
    )


def metrics(
    molecules: MoleculeSet,
    generated: Profile,
    reference: Profile | None = None,
    train: NDArray[np.uint64] | None = None,
    fcd: bool = False,
) -> Numbers:
    """Every metric of a set of molecules and its profile; None where there is no score, and one warning that says why.

    `train`: hashes of the canonical SMILES a model was trained on. Distances and similarities need a `reference`;
    with `fcd` also the Fréchet ChemNet distance, which takes longest.
    """
    valid, values = molecules.valid, generated.values
    why: dict[str, str] = {}
    int_div_1, int_div_2, int_div_on = moses.internal_diversity(generated)
    numbers: Numbers = {
        **shares(molecules.canonical, train),
        **{f"unique_{k}": moses.unique(valid, k) for k in (1000, 10_000)},
        **_invalid(molecules),
        "ten_heavy_atoms": moses.average(generated, values["heavy_atoms"].to_numpy() >= TEN),
        "filters": moses.average(generated, values["filters"].to_numpy()),
        "int_div_1": int_div_1,
        "int_div_2": int_div_2,
        "int_div_on": int_div_on,
        **{name: moses.average(generated, values[name].to_numpy()) for name in MOLECULE_PROPERTIES},
    }
    if reference is not None:
        kl, why["guacamol_kl"] = guacamol.kl_score(generated, reference)
        numbers |= {
            "snn": moses.snn(generated, reference),
            "fragments": moses.fragment_similarity(generated, reference),
            "scaffolds": moses.scaffold_similarity(generated, reference),
            **moses.distances(generated, reference, MOLECULE_PROPERTIES),
            "guacamol_kl": kl,
        }
        if fcd:
            apart = frechet_distance(activation_moments(generated), activation_moments(reference))
            numbers |= {
                "fcd": apart,
                "fcd_left_out": too_long(generated),
                "fcd_left_out_reference": too_long(reference),
                "guacamol_fcd": guacamol.fcd_score(apart),
            }
            if long := left_out(generated, reference):
                warnings.warn(long, stacklevel=3)
    missing = _missing(numbers, len(valid), None if reference is None else len(reference), why)
    if missing:
        warnings.warn(missing, stacklevel=3)
    return numbers


def _invalid(molecules: MoleculeSet) -> Numbers:
    """`invalid_<kind>`: share of all items."""
    n = len(molecules.places)
    counts = Counter(molecules.problems[-1 - place].kind for place in molecules.places[molecules.places < 0])
    return {f"invalid_{kind.replace(' ', '_')}": counts[kind] / n if n else None for kind in KINDS}


def _missing(numbers: Numbers, valid: int, compared: int | None, why: dict[str, str]) -> str:
    """What has no score though it was asked for, in words; `compared`: molecules of the reference, if any."""
    if not valid:
        return "no string is a molecule: nothing to measure but shares of all strings"
    if compared == 0:
        return "no string of the reference is a molecule: nothing to compare with"
    needs_more = {"novel", "unique_1000", "unique_10000"}
    names = [name for name, value in numbers.items() if value is None and name not in needs_more]
    reasons = ", ".join(f"{name} ({why[name]})" if why.get(name) else name for name in names)
    return f"{valid:,} valid molecules: no score for {reasons}" if names else ""


def properties(forms: Sequence[str | None], columns: Sequence[str] = MOLECULE_PROPERTIES) -> pd.DataFrame:
    """(len(forms), len(columns)) float properties of canonical SMILES; a row of NaN for None."""
    unknown = sorted(set(columns) - set(NAMES))
    if unknown:
        raise DataError(f"no molecule property {unknown[0]!r}; there are {', '.join(NAMES)}")
    distinct = list(dict.fromkeys(form for form in forms if form is not None))
    rows = dict(
        zip(distinct, spread(partial(_rows, columns=tuple(columns)), distinct, PARALLEL_FROM), strict=True)
    )
    nothing = (np.nan,) * len(columns)
    values = [nothing if form is None else rows[form] for form in forms]
    return pd.DataFrame(
        np.array(values, dtype=float).reshape(len(forms), len(columns)), columns=list(columns)
    )


def sought(strings: Sequence[str]) -> pd.DataFrame:
    """(n, …) `SOUGHT` of strings, NaN where they are no molecules, from the user's cache where they are many."""

    def compute() -> dict[str, NDArray[np.float64]]:
        """The columns, computed anew."""
        frame = properties(canonicals(strings), SOUGHT)
        return {name: frame[name].to_numpy() for name in SOUGHT}

    if len(strings) < REMEMBER:
        return pd.DataFrame(compute())
    return pd.DataFrame(remembered_arrays(f"sought-{FORM}-rdkit-{rdBase.rdkitVersion}", strings, compute))


def _canonical_or_problem(strings: Sequence[str]) -> list[str | Problem]:
    return [
        canonical(text) or problem_of(text) or Problem("other", None, "refused by RDKit") for text in strings
    ]


def _rows(forms: Sequence[str], columns: tuple[str, ...]) -> list[tuple[float, ...]]:
    rows: dict[str, tuple[float, ...]] = {}
    with rdBase.BlockLogs():
        for part in molecule_batches(forms):
            values = property_values([*part.values()], columns)
            rows |= zip(part, zip(*values.values(), strict=True), strict=True)
    return [rows.get(form, (np.nan,) * len(columns)) for form in forms]
