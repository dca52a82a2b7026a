"""Molecules: which strings are valid, and everything that is measured on a set of them.

Everything is computed on the molecule re-read from its canonical SMILES, so that a property does not depend
on how the molecule was spelled.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rdkit import rdBase

from grammar_rae.datasets.cache import remembered_arrays
from grammar_rae.datasets.smiles import KINDS, Problem, canonical, canonicals, problem
from grammar_rae.errors import DataError
from grammar_rae.evaluators import chemnet, guacamol, moses
from grammar_rae.evaluators.facts import batches
from grammar_rae.evaluators.metrics import MOLECULE_PROPERTIES
from grammar_rae.evaluators.profile import PROFILED, REMEMBER, Profile, profile, remembered
from grammar_rae.evaluators.scores import NAMES, scores
from grammar_rae.evaluators.seen import hashes
from grammar_rae.evaluators.text import shares
from grammar_rae.parallel import spread

OTHERS = tuple(name for name in PROFILED if name not in MOLECULE_PROPERTIES)
PARALLEL_FROM = 500
TEN = 10

Numbers = dict[str, float | None]


@dataclass(frozen=True)
class Items:
    """Strings as they were read: which of the distinct molecules each is, or which of the problems it has."""

    places: NDArray[np.int32]  # (n,) a row of `forms`, or -1 - a place in `problems`
    forms: list[str]  # distinct canonical SMILES by first appearance
    problems: list[Problem]  # of distinct strings

    @property
    def valid(self) -> NDArray[np.int32]:
        """Rows of the valid items, in the order of the strings."""
        return self.places[self.places >= 0]

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each molecule stands among the strings."""
        return np.bincount(self.valid, minlength=len(self.forms)).astype(np.int64)


def read(strings: Sequence[str]) -> Items:
    """Every distinct string read once, over all cores."""
    distinct = list(dict.fromkeys(strings))
    rows: dict[str, int] = {}
    problems: list[Problem] = []
    place: dict[str, int] = {}
    for text, found in zip(distinct, spread(_read, distinct), strict=True):
        if isinstance(found, str):
            place[text] = rows.setdefault(found, len(rows))
        else:
            problems.append(found)
            place[text] = -len(problems)
    places = np.fromiter((place[text] for text in strings), np.int32, len(strings))
    return Items(places, list(rows), problems)


def reference(strings: Sequence[str]) -> Profile:
    """The profile of strings to compare with, from the user's cache where it was made before."""

    def compute() -> Profile:
        items = read(strings)
        return profile(items.forms, items.counts)

    return remembered(strings, compute)


def seen(strings: Sequence[str]) -> NDArray[np.uint64]:
    """Hashes of the strings' canonical forms, from the user's cache where they were made before."""

    def compute() -> dict[str, NDArray[np.uint64]]:
        return {"hashes": hashes(form for form in canonicals(strings) if form is not None)}

    if len(strings) < REMEMBER:
        return compute()["hashes"]
    return remembered_arrays(f"seen-rdkit-{rdBase.rdkitVersion}", strings, compute)["hashes"]


def table(strings: Sequence[str]) -> pd.DataFrame:
    """One row an item: smiles, valid, reason, canonical, properties (NaN where invalid), kind, position, filters.

    `reason` is empty for a valid item, `kind` one of `KINDS` and `position` the character it is at (from 1), if
    known. Each distinct molecule is computed once, over all cores.
    """
    items = read(strings)
    return rows(strings, items, profile(items.forms, items.counts, compared=False))


def rows(strings: Sequence[str], items: Items, found: Profile) -> pd.DataFrame:
    """`table` of strings that were read and profiled before."""
    valid = items.places >= 0
    nothing = Problem("", None, "")
    why = [nothing if place >= 0 else items.problems[-1 - place] for place in items.places]
    rows = np.where(valid, items.places, len(items.forms))  # an invalid string has the row behind the last
    measured = {name: np.append(values, np.nan)[rows] for name, values in found.values.items()}
    return pd.DataFrame(
        {
            "smiles": list(strings),
            "valid": valid,
            "reason": [one.message for one in why],
            "canonical": [items.forms[place] if place >= 0 else None for place in items.places],
            **{name: measured[name] for name in (*MOLECULE_PROPERTIES, *OTHERS, "filters")},
            "kind": [one.kind for one in why],
            "position": pd.array([one.position for one in why], dtype="Int64"),
        },
        copy=False,
    )


def metrics(
    items: Items,
    found: Profile,
    reference: Profile | None = None,
    train: NDArray[np.uint64] | None = None,
    fcd: bool = False,
) -> Numbers:
    """Every metric of a set of molecules; None where there is no score, and one warning that says why.

    `train`: hashes of the canonical SMILES a model was trained on. Distances and similarities need a `reference`;
    with `fcd` also the Fréchet ChemNet distance, which takes longest.
    """
    valid, values = items.valid, found.values
    why: dict[str, str] = {}
    one, two, on = moses.internal_diversity(found)
    numbers: Numbers = {
        **shares([items.forms[place] if place >= 0 else None for place in items.places], train),
        **{f"unique_{k}": moses.unique(valid, k) for k in (1000, 10_000)},
        **_invalid(items),
        "ten_heavy_atoms": moses.average(found, values["heavy_atoms"].to_numpy() >= TEN),
        "filters": moses.average(found, values["filters"].to_numpy()),
        "int_div_1": one,
        "int_div_2": two,
        "int_div_on": on,
        **{name: moses.average(found, values[name].to_numpy()) for name in MOLECULE_PROPERTIES},
    }
    if reference is not None:
        score, why["guacamol_kl"] = guacamol.kl(found, reference)
        numbers |= {
            "snn": moses.snn(found, reference),
            "fragments": moses.fragments(found, reference),
            "scaffolds": moses.scaffolds(found, reference),
            **moses.distances(found, reference, MOLECULE_PROPERTIES),
            "guacamol_kl": score,
        }
        if fcd:
            apart = chemnet.distance(chemnet.statistics(found), chemnet.statistics(reference))
            numbers |= {"fcd": apart, "guacamol_fcd": guacamol.fcd_score(apart)}
    _explain(numbers, len(valid), None if reference is None else len(reference), why)
    return numbers


def _invalid(items: Items) -> Numbers:
    """`invalid_<kind>`: share of all items."""
    n = len(items.places)
    bad = Counter(items.problems[-1 - place].kind for place in items.places[items.places < 0])
    return {f"invalid_{kind.replace(' ', '_')}": bad[kind] / n if n else None for kind in KINDS}


def _explain(numbers: Numbers, valid: int, compared: int | None, why: dict[str, str]) -> None:
    """One warning for what has no score though it was asked for; `compared`: molecules of the reference, if any."""
    if not valid:
        warnings.warn("no string is a molecule: nothing to measure but shares of all strings", stacklevel=4)
        return
    needs_more = {"novel", "unique_1000", "unique_10000"}
    missing = [name for name, value in numbers.items() if value is None and name not in needs_more]
    if compared == 0:
        warnings.warn("no string of the reference is a molecule: nothing to compare with", stacklevel=4)
    elif missing:
        reasons = ", ".join(f"{name} ({why[name]})" if why.get(name) else name for name in missing)
        warnings.warn(f"{valid:,} valid molecules: no score for {reasons}", stacklevel=4)


def properties(forms: Sequence[str | None], columns: Sequence[str] = MOLECULE_PROPERTIES) -> pd.DataFrame:
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
        return properties(canonicals(strings), (name,))[name].to_numpy()

    return compute


def _read(strings: Sequence[str]) -> list[str | Problem]:
    return [
        canonical(text) or problem(text) or Problem("other", None, "refused by RDKit") for text in strings
    ]


def _rows(forms: Sequence[str], columns: tuple[str, ...]) -> list[tuple[float, ...]]:
    known: dict[str, tuple[float, ...]] = {}
    with rdBase.BlockLogs():
        for part in batches(forms):
            values = scores([*part.values()], columns)
            known |= zip(part, zip(*values.values(), strict=True), strict=True)
    return [known.get(form, (np.nan,) * len(columns)) for form in forms]
