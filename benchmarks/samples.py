"""How close a model's molecules come to real ones: Fréchet ChemNet distance (FCD) and shares, density by density.

    python benchmarks/samples.py -n 10000                          # every density, kept shares, syntax alone
    python benchmarks/samples.py -n 30000 --densities gmm --keep   # the figure to compare with others'

The reference is the validation split of ZINC250k. The floor in the first row is what as many *training*
molecules reach against it, in the same run: FCD depends on the sizes of both sets. FCD: Preuer et al. 2018, the
published package (`pip install 'grammar-rae[benchmarks]'`). Internal diversity: 1 − the mean Tanimoto similarity of
all pairs, Morgan fingerprints of radius 2 and 1,024 bits (Polykovskiy et al. 2020), on the first 10,000.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from grammar_rae import datasets
from grammar_rae.evaluators import task_for
from grammar_rae.model import Model

SHARES = 10_000


def chemnet(smiles: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the penultimate activations of ChemNet."""
    import fcd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = fcd.get_predictions(fcd.load_ref_model(), smiles)
    return found.mean(0), np.cov(found.T)


def distance(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]) -> float:
    from fcd import calculate_frechet_distance

    return float(calculate_frechet_distance(mu1=a[0], mu2=b[0], sigma1=a[1], sigma2=b[1]))


def diversity(smiles: list[str]) -> float:
    """1 − mean Tanimoto similarity over all pairs, a molecule with itself included."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    prints = [generator.GetFingerprint(Chem.MolFromSmiles(s)) for s in smiles]
    total = sum(sum(DataStructs.BulkTanimotoSimilarity(p, prints)) for p in prints)
    return 1 - float(total) / len(prints) ** 2


def row(
    name: str, smiles: list[str], reference: tuple[np.ndarray, np.ndarray], seen: set[str] | None
) -> dict[str, Any]:
    """One line of the table; `smiles` are drawn, valid or not."""
    forms = task_for("molecules", smiles).canonical(smiles)
    valid = [form for form in forms if form is not None]
    first = valid[:SHARES]
    return {
        "set": name,
        "n": len(smiles),
        "valid": len(valid) / len(smiles),
        "unique_10000": len(set(first)) / len(first),
        "novel": None if seen is None else 1 - len(set(valid) & seen) / len(set(valid)),
        "int_div_1": diversity(first),
        "fcd": distance(chemnet(valid), reference),
    }


def measure(
    name: str, n: int, densities: list[str], keeps: list[float], seed: int
) -> Iterator[dict[str, Any]]:
    data = datasets.load("zinc250k")
    reference = chemnet(data.valid)
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
