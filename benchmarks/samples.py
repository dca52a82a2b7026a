"""How close a model's molecules come to real ones: Fréchet ChemNet distance (FCD) and shares, density by density.

    python benchmarks/samples.py -n 10000                          # every density, kept shares, syntax alone
    python benchmarks/samples.py -n 30000 --densities gmm --keep   # the figure to compare with others'
    python benchmarks/samples.py -n 10000 --densities gmm --keep --figure properties.png

The reference is the validation split of ZINC250k. The floor in the first row is what as many *training*
molecules reach against it, in the same run: FCD depends on the sizes of both sets. FCD: Preuer et al. 2018, the
published package (`pip install 'grammar-rae[benchmarks]'`). Internal diversity, filters and the Wasserstein distance
of synthetic accessibility are MOSES' (Polykovskiy et al. 2020; docs/metrics.md).
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from grammar_rae import datasets
from grammar_rae.evaluation.molecules import fcd, metrics, moses
from grammar_rae.evaluation.molecules.profile import Profile, profile
from grammar_rae.model.model import Model
from grammar_rae.report import figures

PROPERTIES = ("logp", "sa", "qed", "weight", "rings", "aromatic_rings")
Reference: TypeAlias = tuple[Profile, fcd.Moments | None]


def row(
    name: str,
    drawn: int,
    items: metrics.MoleculeSet,
    found: Profile,
    reference: Reference,
    seen: set[str] | None,
) -> dict[str, Any]:
    """One line of the table, of as many strings as were `drawn`, valid or not."""
    known, gaussian = reference
    return {
        "set": name,
        "n": drawn,
        "valid": len(items.valid) / drawn,
        "unique_10000": moses.unique(items.valid, 10_000),
        "novel": None if seen is None else 1 - len(set(items.forms) & seen) / len(items.forms),
        "int_div_1": moses.internal_diversity(found)[0],
        "filters": moses.average(found, found.values["filters"].to_numpy()),
        "sa_w1": moses.distance(found, known, "sa"),
        "fcd": fcd.frechet_distance(fcd.activation_moments(found), gaussian),
    }


def values(found: Profile) -> pd.DataFrame:
    """One row a molecule, as figures want it."""
    return found.values.loc[np.repeat(found.values.index, found.counts)].assign(valid=True)


def measure(
    name: str, n: int, densities: list[str], keeps: list[float], seed: int, figure: Path | None
) -> Iterator[dict[str, Any]]:
    data = datasets.load("zinc250k")
    known = metrics.reference(data.valid)
    reference = known, fcd.activation_moments(known)
    order = np.random.default_rng(seed).permutation(len(data.train))[:n]
    seen = set(data.train)
    floor = [data.train[i] for i in order]
    items = metrics.read_molecules(floor)
    found = profile(items.forms, items.counts, compared=False)
    yield row("training molecules (the floor)", n, items, found, reference, None)
    model = Model.load(name)
    own = model.recipe.density.default
    draws: dict[str, dict[str, Any]] = {density: {"density": density} for density in densities}
    draws |= {f"{own}, keep {keep}": {"keep": keep} for keep in keeps}
    draws |= {f"{own}, syntax only": {"syntax_only": True}} if keeps else {}
    shown = {}
    for label, how in draws.items():
        drawn = model.generate(n, seed=seed, **how)
        items = metrics.read_molecules(drawn)
        found = profile(items.forms, items.counts, compared=False)
        shown[label] = values(found)
        yield row(label, len(drawn), items, found, reference, seen)
    if figure is not None:
        figures.save(figures.distributions(shown, values(known), PROPERTIES), figure)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=30_000)
    parser.add_argument("--model", default="grae-smiles")
    parser.add_argument("--densities", nargs="*", default=["prior", "gaussian", "gmm"])
    parser.add_argument("--keep", type=float, nargs="*", default=[0.5, 0.9])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure", type=Path, help="a PNG: properties of every set over the reference's")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    given = vars(arguments)
    asked = (given[key] for key in ("model", "n", "densities", "keep", "seed", "figure"))
    for place, found in enumerate(measure(*asked)):
        if arguments.json:
            print(json.dumps(found), flush=True)
            continue
        if place == 0:
            print(f"{'set':30s} " + " ".join(f"{name:>12s}" for name in list(found)[1:]))
        cells = (
            f"{v:12.4f}" if isinstance(v, float) else f"{'–' if v is None else v:>12}"
            for v in list(found.values())[1:]
        )
        print(f"{found['set']:30s} " + " ".join(cells), flush=True)
