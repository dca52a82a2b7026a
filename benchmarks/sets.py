"""Every metric of MOSES and GuacaMol for sets that are known, so that a figure of your own has neighbours.

    python benchmarks/sets.py [-n 5000] [--json]

The first n of: the shipped model's samples, ZINC250k's test split and uniform random derivations of both SMILES
grammars, against n molecules of ZINC250k's validation split; and MOSES' test set against its scaffold split. FCD and
its score are left out where the package `fcd` is not installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import warnings
from collections.abc import Iterator

import grammar_rae as gr
from grammar_rae import datasets
from grammar_rae.grammar.sampling import distinct_strings

UNIFORM_STEPS = {"smiles.cfg": 60, "zinc.cfg": 200}
SHOWN = ("valid", "unique", "novel", "int_div_1", "int_div_2", "snn", "fragments", "scaffolds", "filters")
SHOWN += ("fcd", "logp_w1", "sa_w1", "qed_w1", "weight_w1", "guacamol_kl", "guacamol_fcd")


def sets(n: int) -> Iterator[tuple[str, list[str], list[str], list[str] | None]]:
    """Names, molecules, references, and what novelty is counted against."""
    zinc = datasets.load("zinc250k")
    reference = zinc.valid[:n]
    yield "`grae-smiles`, GMM", gr.load("grae-smiles").generate(n), reference, zinc.train
    yield "ZINC250k, test split", zinc.test[:n], reference, zinc.train
    for grammar, steps in UNIFORM_STEPS.items():
        drawn = distinct_strings(gr.Grammar.read(grammar), n, steps, seed=0)
        yield f"uniform derivations of `{grammar}`, at most {steps} steps", drawn, reference, zinc.train
    moses = datasets.load("moses").test[:n]
    yield "MOSES, test, against its scaffold split", moses, datasets.load("moses_scaffolds").test[:n], None


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=5000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    fcd = importlib.util.find_spec("fcd") is not None
    if not arguments.json:
        print("| set | " + " | ".join(f"`{name}`" for name in SHOWN) + " |")
        print("|---" * (len(SHOWN) + 1) + "|")
    for name, strings, reference, train in sets(arguments.n):
        found = gr.evaluate(strings, reference, train, "molecules", fcd)
        numbers = {key: found.get(key) for key in SHOWN}
        if arguments.json:
            print(json.dumps({"set": name, "n": len(strings), **numbers}), flush=True)
        else:
            cells = ["–" if value is None else f"{value:.4f}" for value in numbers.values()]
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
