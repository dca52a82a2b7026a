"""Every set metric of molecules but FCD, against RDKit one metric at a time, on the same molecules in one run.

    python benchmarks/evaluation.py [-n 30000] [--json]

n molecules against n others: of ZINC250k, or of RDKit's own NCI set where ZINC250k is not there. The baseline reads
every molecule once, in one process, and then maps one metric after the other over them, as the packages that
defined them do; the values are asserted to be equal. Ours uses all cores and computes both sets anew.
"""

from __future__ import annotations

import argparse
import json
import os
import runpy
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rdkit import Chem, DataStructs, RDConfig
from rdkit.Chem import QED, AllChem, Descriptors, rdFingerprintGenerator
from rdkit.Chem.Scaffolds import MurckoScaffold
from scipy.stats import entropy, gaussian_kde, wasserstein_distance

from grammar_rae import datasets
from grammar_rae.datasets.molecules import ZINC
from grammar_rae.datasets.sources import present
from grammar_rae.evaluation.molecules import filters, guacamol, metrics
from grammar_rae.evaluation.molecules.profile import Profile, profile
from grammar_rae.parallel import cores

Numbers = dict[str, float | None]
DESCRIPTORS = ("BertzCT", "MolLogP", "MolWt", "TPSA", "NumHAcceptors", "NumHDonors", "NumRotatableBonds")
DESCRIPTORS += ("NumAliphaticRings", "NumAromaticRings")
SHOWN = ("valid", "unique", "filters", "int_div_1", "int_div_2", "snn", "fragments", "scaffolds")
SHOWN += ("logp_w1", "sa_w1", "qed_w1", "weight_w1", "guacamol_kl")


def sets(n: int) -> tuple[str, list[str], list[str]]:
    """The name of a data set, n of its molecules (fewer where there are not as many), and n others."""
    name = "nci" if present(ZINC) is None else "zinc250k"
    items = datasets.load(name).train
    n = min(n, len(items) // 2)
    order = np.random.default_rng(0).permutation(len(items))
    return name, [items[i] for i in order[:n]], [items[i] for i in order[n : 2 * n]]


def ours(made: list[str], reference: list[str]) -> Numbers:
    """Both sets read and profiled, then every metric."""

    def anew(strings: list[str]) -> tuple[metrics.MoleculeSet, Profile]:
        items = metrics.read_molecules(strings)
        return items, profile(items.forms, items.counts)

    items, found = anew(made)
    return metrics.metrics(items, found, anew(reference)[1])


def tanimoto(prints: list, others: list, reduce: Callable[[np.ndarray], float]) -> np.ndarray:
    return np.array([reduce(np.array(DataStructs.BulkTanimotoSimilarity(p, others))) for p in prints])


def cosine(a: Counter[str], b: Counter[str]) -> float:
    dot = sum(a[key] * b[key] for key in a)
    return float(dot / np.sqrt(sum(v * v for v in a.values())) / np.sqrt(sum(v * v for v in b.values())))


def frames(mols: list[Chem.Mol]) -> Counter[str]:
    found = (MurckoScaffold.GetScaffoldForMol(m) for m in mols)
    return Counter(Chem.MolToSmiles(f) for f in found if f.GetRingInfo().NumRings() > 1)


def pieces(mols: list[Chem.Mol]) -> Counter[str]:
    return Counter(s for m in mols for s in Chem.MolToSmiles(AllChem.FragmentOnBRICSBonds(m)).split("."))


def passing(molecule: Chem.Mol) -> bool:
    """The filters of MOSES, every alert tried."""
    full = Chem.AddHs(molecule)
    return (
        not any(len(ring) > 7 for ring in molecule.GetRingInfo().AtomRings())
        and all(not a.GetFormalCharge() and a.GetAtomicNum() in filters.ALLOWED for a in molecule.GetAtoms())
        and not any(full.HasSubstructMatch(alert) for alert in filters.alerts().substructures)
        and Chem.MolFromSmiles(Chem.MolToSmiles(molecule, isomericSmiles=False)) is not None
    )


def table(smiles: list[str]) -> np.ndarray:
    """(molecules, 10) descriptors of GuacaMol, of 10,000 at most, drawn as ours are."""
    once = sorted(set(smiles))
    if len(once) > guacamol.MOST:
        once = [
            once[i] for i in np.sort(np.random.default_rng(0).choice(len(once), guacamol.MOST, replace=False))
        ]
    flat = dict.fromkeys(Chem.MolToSmiles(Chem.MolFromSmiles(s), isomericSmiles=False) for s in once)
    mols = [Chem.MolFromSmiles(s) for s in flat]
    values = [[getattr(Descriptors, name)(m) for name in DESCRIPTORS] for m in mols]
    morgan = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=4096)
    prints = [morgan.GetFingerprint(m) for m in mols]
    similar = np.zeros((len(prints), len(prints)), np.float32)
    for i in range(1, len(prints)):
        similar[i, :i] = similar[:i, i] = DataStructs.BulkTanimotoSimilarity(prints[i], prints[:i])
    return np.column_stack([values, similar.max(1)])


def kl(p: np.ndarray, q: np.ndarray, continuous: bool) -> float:
    if continuous:
        grid = np.linspace(min(p.min(), q.min()), max(p.max(), q.max()), 1000)
        return float(entropy(gaussian_kde(p)(grid) + 1e-10, gaussian_kde(q)(grid) + 1e-10))
    first, edges = np.histogram(p, bins=10, density=True)
    return float(entropy(first + 1e-10, np.histogram(q, bins=edges, density=True)[0] + 1e-10))


def plain(made: list[str], reference: list[str]) -> Numbers:
    """One metric after the other."""
    parsed = [Chem.MolFromSmiles(s) for s in made]
    forms = [Chem.MolToSmiles(m) for m in parsed if m is not None]
    others = [Chem.MolToSmiles(Chem.MolFromSmiles(s)) for s in reference]
    mols, theirs = ([Chem.MolFromSmiles(s) for s in x] for x in (forms, others))
    numbers: Numbers = {"valid": len(forms) / len(made), "unique": len(set(forms)) / len(forms)}
    morgan = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    prints, targets = ([morgan.GetFingerprint(m) for m in x] for x in (mols, theirs))
    numbers["snn"] = float(tanimoto(prints, targets, np.max).mean())
    numbers["int_div_1"] = float(1 - tanimoto(prints, prints, np.mean).mean())
    squares = tanimoto(prints, prints, lambda row: float((row**2).mean()))
    numbers["int_div_2"] = float(1 - np.sqrt(squares).mean())
    numbers["fragments"] = cosine(pieces(mols), pieces(theirs))
    numbers["scaffolds"] = cosine(frames(mols), frames(theirs))
    numbers["filters"] = float(np.mean([passing(m) for m in mols]))
    sa = runpy.run_path(str(Path(RDConfig.RDContribDir) / "SA_Score" / "sascorer.py"))["calculateScore"]
    functions = {"logp": Descriptors.MolLogP, "sa": sa, "qed": QED.qed, "weight": Descriptors.MolWt}
    for name, function in functions.items():
        values, wanted = ([function(m) for m in x] for x in (mols, theirs))
        numbers[f"{name}_w1"] = float(wasserstein_distance(values, wanted))
    p, q = table(others), table(forms)
    apart = [kl(p[:, i], q[:, i], i < 4 or i == 9) for i in range(10)]
    numbers["guacamol_kl"] = float(np.mean(np.exp(-np.array(apart))))
    return numbers


def used() -> float:
    """Processor seconds of this process and its finished workers: on a busy machine the steadier figure."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def measure(n: int) -> dict[str, float | int | str | None]:
    name, made, reference = sets(n)
    begin = time.perf_counter()
    ours(made[:50], reference[:50])
    compiled = time.perf_counter() - begin
    begin, work = time.perf_counter(), used()
    found = ours(made, reference)
    taken, busy = time.perf_counter() - begin, used() - work
    begin, work = time.perf_counter(), used()
    wanted = plain(made, reference)
    baseline, baseline_busy = time.perf_counter() - begin, used() - work
    for key in SHOWN:
        a, b = found[key], wanted[key]
        assert a is not None and b is not None and abs(a - b) < 1e-6, f"{key}: {a} is not {b}"
    both = 2 * len(made)
    return {
        "n": len(made),
        "source": name,
        "cores": cores(),
        "compile_seconds": compiled,
        "baseline_molecules_per_second": both / baseline,
        "molecules_per_second": both / taken,
        "baseline_cpu_seconds": baseline_busy,
        "cpu_seconds": busy,
        "ratio_of_cpu_seconds": baseline_busy / busy,
        "ratio": baseline / taken,
    }


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=30_000)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    figures = measure(arguments.n)
    if arguments.json:
        print(json.dumps(figures))
    else:
        for key, value in figures.items():
            print(f"{key:32} {value:,.4g}" if isinstance(value, float) else f"{key:32} {value}")
