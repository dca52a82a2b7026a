"""Which items of a table are worth a look: typical, best, least like a reference, refused, and scaffolds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from grammar_rae.chance import subset
from grammar_rae.chemistry.fingerprints import nearest_similarity, scaffold_smiles
from grammar_rae.errors import DataError
from grammar_rae.evaluation.metrics import metric
from grammar_rae.parallel import spread

COMPARED = 1000  # molecules whose nearest neighbour is looked for
NEIGHBOURS = 5000  # reference molecules it is looked for among
PARALLEL_FROM = 1000
VARYING = re.compile(r"(?<=«).*(?=»)|(?<!['\d])\d+(?:[ ,]+\d+)*(?!['\d])")  # '1' is a terminal, not a number


def distinct(items: pd.DataFrame) -> pd.DataFrame:
    """The valid rows of a table, the first of each canonical form."""
    return items[items["valid"].astype(bool)].drop_duplicates("canonical")


def typical(items: pd.DataFrame, columns: Sequence[str], n: int = 12) -> pd.DataFrame:
    """The n distinct valid rows whose `columns` lie nearest the medians, each in units of its own spread."""
    rows = distinct(items).dropna(subset=list(columns))
    values = rows[list(columns)]
    spreads = values.std(ddof=0).replace(0, 1)
    distance = (((values - values.median()) / spreads) ** 2).sum(axis=1)
    return rows.loc[distance.sort_values(kind="stable").index[:n]]


def best(items: pd.DataFrame, column: str, n: int = 12) -> pd.DataFrame:
    """The n distinct valid rows with the best value of a column: the lowest where `metrics` says so, else the highest.

    DataError where the table has no such column of numbers.
    """
    numeric = [name for name in items.columns if items[name].dtype.kind == "f"]
    if column not in numeric:
        raise DataError(f"no score {column!r} to rank by; there are {', '.join(numeric)}")
    rows = distinct(items).dropna(subset=[column])
    return rows.sort_values(column, ascending=metric(column).better == "lower", kind="stable").head(n)


def reference_sample(forms: Sequence[str], n: int = NEIGHBOURS, seed: int = 0) -> list[str]:
    """At most n of the forms, by chance, in their order: what a large reference is judged by."""
    return [forms[i] for i in subset(len(forms), n, seed)]


def most_novel(items: pd.DataFrame, reference: Sequence[str], n: int = 12, seed: int = 0) -> pd.DataFrame:
    """The n distinct molecules least like a reference, with `similarity` to the nearest of it, 0 to 1.

    Tanimoto similarity of Morgan fingerprints (radius 2, 2,048 bits), of at most COMPARED items drawn by
    `seed`. `reference`: canonical SMILES, all of them looked at. DataError where none is a molecule.
    """
    rows = distinct(items)
    rows = rows.iloc[subset(len(rows), COMPARED, seed)]
    nearest = nearest_similarity(rows["canonical"].tolist(), reference)
    return rows.assign(similarity=nearest).sort_values("similarity", kind="stable").head(n)


def scaffold_shares(forms: Sequence[str]) -> pd.Series:
    """Share of the molecules on each Murcko scaffold, most frequent first; "" is no ring at all.

    `forms`: canonical SMILES. Bemis and Murcko (J. Med. Chem. 1996): rings and the chains between them.
    """
    counts = Counter(spread(scaffold_smiles, list(forms), PARALLEL_FROM))
    shares = {name: count / len(forms) for name, count in counts.most_common()}
    return pd.Series(shares, dtype=float, name="share").rename_axis("scaffold")


def refusals(items: pd.DataFrame) -> pd.DataFrame:
    """Why items are not valid, most frequent first: pattern, items, share of all, string, reason.

    `pattern` is the reason without its numbers and quotations; `string` and its `reason` are the first example.
    """
    rows = items[~items["valid"].astype(bool)]
    frame = pd.DataFrame({"string": rows.iloc[:, 0], "reason": rows["reason"]})
    frame["pattern"] = [VARYING.sub("…", reason) for reason in frame["reason"]]
    groups = frame.groupby("pattern", sort=False)
    reasons = groups.agg(items=("string", "size"), string=("string", "first"), reason=("reason", "first"))
    reasons = reasons.sort_values("items", ascending=False, kind="stable").reset_index()
    reasons.insert(2, "share", reasons["items"] / max(len(items), 1))
    return reasons


def repeated(items: pd.DataFrame, n: int = 10) -> pd.Series:
    """How often the most frequent canonical forms come, those that come more than once."""
    counts = items.loc[items["valid"].astype(bool), "canonical"].value_counts().head(n)
    return counts[counts > 1]
