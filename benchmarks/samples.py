"""How close a model's molecules come to real ones: Fréchet ChemNet distance (FCD) and shares, density by density.

    python benchmarks/samples.py -n 10000                          # every density, kept shares, syntax alone
    python benchmarks/samples.py -n 30000 --densities gmm --keep   # the figure to compare with others'

The reference is the validation split of ZINC250k. The floor in the first row is what as many *training*
molecules reach against it, in the same run: FCD depends on the sizes of both sets. FCD: Preuer et al. 2018, the
published package (`pip install 'grammar-rae[benchmarks]'`). Internal diversity: 1 − the mean Tanimoto similarity of
all pairs, Morgan fingerprints of radius 2 and 1,024 bits (Polykovskiy et al. 2020).
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from grammar_rae import datasets
from grammar_rae.evaluators import chemnet, molecules, moses
from grammar_rae.evaluators.profile import profile
from grammar_rae.model import Model


def row(
    name: str, smiles: list[str], reference: chemnet.Gaussian | None, seen: set[str] | None
) -> dict[str, Any]:
    """One line of the table; `smiles` are drawn, valid or not."""
    items = molecules.read(smiles)
    found = profile(items.forms, items.counts, compared=False)
    return {
        "set": name,
        "n": len(smiles),
        "valid": len(items.valid) / len(smiles),
        "unique_10000": moses.unique(items.valid, 10_000),
        "novel": None if seen is None else 1 - len(set(items.forms) & seen) / len(items.forms),
        "int_div_1": moses.internal_diversity(found)[0],
        "fcd": chemnet.distance(chemnet.statistics(found), reference),
    }


def measure(
    name: str, n: int, densities: list[str], keeps: list[float], seed: int
) -> Iterator[dict[str, Any]]:
    data = datasets.load("zinc250k")
    reference = chemnet.statistics(molecules.reference(data.valid))
    order = np.random.default_rng(seed).permutation(len(data.train))[:n]
    seen = set(data.train)
    yield row("training molecules (the floor)", [data.train[i] for i in order], reference, None)
    model = Model.load(name)
    own = model.recipe.density.default
    draws: dict[str, dict[str, Any]] = {density: {"density": density} for density in densities}
    draws |= {f"{own}, keep {keep}": {"keep": keep} for keep in keeps}
    draws |= {f"{own}, syntax only": {"syntax_only": True}} if keeps else {}
    for label, how in draws.items():
        yield row(label, model.generate(n, seed=seed, **how), reference, seen)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=30_000)
    parser.add_argument("--model", default="grae-smiles")
    parser.add_argument("--densities", nargs="*", default=["prior", "gaussian", "gmm"])
    parser.add_argument("--keep", type=float, nargs="*", default=[0.5, 0.9])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    for found in measure(arguments.model, arguments.n, arguments.densities, arguments.keep, arguments.seed):
        if arguments.json:
            print(json.dumps(found), flush=True)
        else:
            cells = (
                f"{v:9.4f}" if isinstance(v, float) else f"{'–' if v is None else v:>9}"
                for v in found.values()
            )
            print(" ".join(cells), flush=True)
