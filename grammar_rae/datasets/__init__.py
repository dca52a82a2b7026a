"""Data sets by name, or from a user's own file.

Always at hand: `expressions` (drawn from `equation.cfg`), `nci` (inside RDKit) and `digits` (inside
scikit-learn). The published ones are looked for in the folder GRAMMAR_RAE_DATA names, then in the user's
cache, then downloaded where they may be; see `data/sources.toml`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from grammar_rae.datasets import celeba as _celeba
from grammar_rae.datasets import cifar10 as _cifar10
from grammar_rae.datasets import expressions as _expressions
from grammar_rae.datasets import mnist as _mnist
from grammar_rae.datasets import molecules as _molecules
from grammar_rae.datasets import omniglot as _omniglot
from grammar_rae.datasets.digits import digits
from grammar_rae.datasets.expressions import uniform
from grammar_rae.datasets.images import ARRAYS, SUFFIXES, grey, own
from grammar_rae.datasets.molecules import prepared
from grammar_rae.datasets.smiles import canonical, canonicals, kekule, kekules, molecule, problem, reason
from grammar_rae.datasets.sources import present
from grammar_rae.datasets.sources import sources as published
from grammar_rae.datasets.splits import Dataset, last_tenth, shuffled
from grammar_rae.datasets.svhn import NAMES, svhn
from grammar_rae.datasets.task import recognise
from grammar_rae.errors import DataError
from grammar_rae.files import Items, read

__all__ = [
    "DATASETS",
    "Dataset",
    "canonical",
    "canonicals",
    "from_file",
    "grey",
    "kekule",
    "kekules",
    "last_tenth",
    "listing",
    "load",
    "molecule",
    "prepared",
    "problem",
    "reason",
    "recognise",
    "shuffled",
    "uniform",
]

DATASETS: dict[str, Callable[[], Dataset]] = {
    "expressions": _expressions.expressions,
    "nci": _molecules.nci,
    "zinc250k": _molecules.zinc250k,
    "equations": _expressions.equations,
    "moses": _molecules.moses,
    "moses_scaffolds": _molecules.moses_scaffolds,
    "qm9": _molecules.qm9,
    "chembl": _molecules.chembl,
    "digits": digits,
    "mnist": _mnist.mnist,
    "fashion_mnist": _mnist.fashion_mnist,
    "cifar10": _cifar10.cifar10,
    "celeba": _celeba.celeba,
    "omniglot": _omniglot.omniglot,
    "svhn": svhn,
}


FILES = {  # the published file of each data set that has one
    "zinc250k": _molecules.ZINC,
    "equations": _expressions.FILE,
    "moses": _molecules.MOSES,
    "moses_scaffolds": _molecules.MOSES_SCAFFOLDS,
    "qm9": _molecules.QM9,
    "chembl": _molecules.CHEMBL,
    "mnist": _mnist.MNIST,
    "fashion_mnist": _mnist.FASHION,
    "cifar10": _cifar10.SHEET,
    "celeba": _celeba.PACKED,
    "omniglot": _omniglot.FILE,
    "svhn": f"svhn/{NAMES[0]}",
}


def listing() -> pd.DataFrame:
    """Every data set: name, what it is, whether it is here already, its licence (empty: nothing to state)."""
    rows = []
    for name, function in DATASETS.items():
        file = FILES.get(name)
        source = published().get(file) if file else None
        rows.append(
            {
                "name": name,
                "what": (function.__doc__ or "").splitlines()[0],
                "here": file is None or present(file) is not None,
                "licence": source["licence"] if source else "",
            }
        )
    return pd.DataFrame(rows)


def from_file(name: str | Path, column: str | None = None) -> Items:
    """`files.read`, where the name may have been meant for a data set's. DataError as there."""
    if str(name) != "-" and not Path(name).exists():
        raise DataError(
            f"{name}: no such file, and no data set of that name; there are {', '.join(DATASETS)}"
        )
    return read(name, column)


def load(name: str | Path | Sequence[str], column: str | None = None) -> Dataset:
    """A data set by its name, the items of a file (`column` of a table), or a list of strings.

    A file or list is split by a fixed permutation, 10 % for validation, none for a test; a folder or array of
    images (`datasets.images.read`) keeps 10 % for a test. DataError where the name is neither known nor a
    file, the file cannot be used, or a published file cannot be had.
    """
    if not isinstance(name, str | Path):
        values = list(name)
        if not values:
            raise DataError("an empty list of items, expected one string or more")
        return Dataset("items", *shuffled(values, test=0.0), recognise(values))
    if str(name) in DATASETS:
        return DATASETS[str(name)]()
    if Path(name).exists() and (Path(name).is_dir() or Path(name).suffix.lower() in (*ARRAYS, *SUFFIXES)):
        return own(name)
    items = from_file(name, column)
    if not items.values:
        raise DataError(
            f"{name}: none of its {len(items.rejected):,} rows can be used; "
            f"line {items.rejected[0].line}: {items.rejected[0].reason}"
        )
    return Dataset(str(name), *shuffled(items.values, test=0.0), recognise(items.values), items.rejected)
