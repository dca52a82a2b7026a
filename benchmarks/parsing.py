"""Parsing molecules with `zinc.cfg` against NLTK's ChartParser, on the same molecules in the same run.

Strings in, production indices out on both sides (NLTK's first parse, in pre-order); the derivations are
asserted to be identical. Compile time is excluded and printed (short where numba's cache has it). Molecules:
the first of the ZINC250k test split, or, where ZINC250k is not there, of RDKit's own NCI set (those the
grammar covers).

    python benchmarks/parsing.py [--molecules 200] [--all] [--json]
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Sequence

import numpy as np
from nltk import CFG, ChartParser

from grammar_rae import datasets
from grammar_rae.datasets.molecules import ZINC
from grammar_rae.datasets.sources import present
from grammar_rae.grammar.grammar import Grammar, shipped
from grammar_rae.grammar.parsing.parser import parse, parse_known
from grammar_rae.parallel import cores

Result = dict[str, float | int | str | None]
ENOUGH = 5_000  # molecules a timed call of ours


def molecules(grammar: Grammar, count: int) -> tuple[str, list[str]]:
    """The name of a data set and its first `count` molecules that the grammar derives."""
    name = "nci" if present(ZINC) is None else "zinc250k"
    data = datasets.load(name)
    found = data.test if name == "zinc250k" else data.train
    _, known, _ = parse_known(grammar, found)
    return name, [found[i] for i in known[:count]]


def charted(texts: Sequence[str]) -> list[list[int]]:
    """NLTK's first parse of every molecule as production indices, as the grammar VAE's code finds them."""
    rules = CFG.fromstring(shipped()["zinc.cfg"].read_text())
    index = {production: i for i, production in enumerate(rules.productions())}
    parser = ChartParser(rules)
    trees = (next(parser.parse(re.findall("Cl|Br|@@|.", text))) for text in texts)
    return [[index[production] for production in tree.productions()] for tree in trees]


def seconds(grammar: Grammar, texts: Sequence[str], threads: int, repeats: int = 7) -> float:
    """The least of several runs over at least `ENOUGH` molecules, a molecule."""
    batch = list(texts) * -(-ENOUGH // len(texts))
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        parse(grammar, batch, threads=threads)
        times.append(time.perf_counter() - begin)
    return min(times) / len(batch)


def measure(count: int, everything: bool) -> Result:
    """The figures of one run; the baseline and ours see the same molecules."""
    grammar = Grammar.read("zinc")
    begin = time.perf_counter()
    parse(grammar, ["C", "c1ccccc1"])
    compiled = time.perf_counter() - begin
    name, texts = molecules(grammar, count)
    threads = cores()
    all_cores, one = seconds(grammar, texts, threads), seconds(grammar, texts, 1)
    baseline, expected = np.inf, []
    for _ in range(2):
        begin = time.perf_counter()
        expected = charted(texts)
        baseline = min(baseline, (time.perf_counter() - begin) / len(texts))
    found = [row[row != grammar.pad].tolist() for row in parse(grammar, texts)]
    assert found == expected, "derivations differ from NLTK's"
    result: Result = {
        "molecules": len(texts),
        "source": name,
        "threads": threads,
        "compile_seconds": compiled,
        "baseline_molecules_per_second": 1 / baseline,
        "molecules_per_second": 1 / all_cores,
        "molecules_per_second_one_thread": 1 / one,
        "ratio": baseline / all_cores,
        "ratio_one_thread": baseline / one,
    }
    return result | whole(grammar) if everything else result


def whole(grammar: Grammar) -> Result:
    """Seconds to encode all of ZINC250k, and the size of its rows."""
    data = datasets.load("zinc250k")
    texts = data.train + data.valid + data.test
    begin = time.perf_counter()
    x = parse(grammar, texts)
    taken = time.perf_counter() - begin
    assert (np.count_nonzero(x != grammar.pad, axis=1) > 0).all()
    return {"all_molecules": len(texts), "all_seconds": taken, "all_megabytes": x.nbytes / 1e6}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--molecules", type=int, default=200)
    parser.add_argument("--all", action="store_true", help="encode all of ZINC250k, too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    figures = measure(arguments.molecules, arguments.all)
    if arguments.json:
        print(json.dumps(figures))
    else:
        for key, value in figures.items():
            print(f"{key:32} {value:,.4g}" if isinstance(value, float) else f"{key:32} {value}")
