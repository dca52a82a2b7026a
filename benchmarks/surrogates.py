"""How well each surrogate foresees a search: fitted on its first evaluations, asked about the next hundred.

    python benchmarks/optimization.py molecules --max-atoms 38 --out runs/search
    python benchmarks/surrogates.py grae-smiles runs/search/molecules-*/journal.sqlite
    python benchmarks/surrogates.py grae-equations runs/search/expressions-*/journal.sqlite

One JSON line a journal and surrogate: the share of the variance explained, by how many evaluations it was fitted on.
Journals of searches by another surrogate, or by none (`--region density`), are as good.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import warnings
from contextlib import closing
from pathlib import Path

import numpy as np
import torch

from grammar_rae.catalogue import SURROGATES, look_up
from grammar_rae.model.model import Model
from grammar_rae.optimization.surrogates import Surrogate, fenced
from grammar_rae.workflows.search_space import features_of

KNOWN = (50, 100, 200, 400)
NEXT = 100


def scored(path: str) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The scored strings of a journal in order, their codes (n, D) and scores (n,)."""
    with closing(sqlite3.connect(f"file:{Path(path).resolve()}?mode=ro&immutable=1", uri=True)) as base:
        rows = base.execute(
            "SELECT string, code, score FROM evaluations WHERE status = 'scored' ORDER BY number"
        )
        strings, codes, scores = zip(*rows, strict=True)
    return list(strings), np.array([np.frombuffer(code) for code in codes]), np.array(scores)


def explained(surrogate: Surrogate, x: np.ndarray, y: np.ndarray, n: int) -> float:
    """Of the variance of the values after the first n, far low ones raised as the surrogate raises them."""
    model = surrogate.fit(x[:n], y[:n], 0)
    with torch.no_grad():
        mean = model.posterior(torch.as_tensor(x[n : n + NEXT])).mean[:, 0].numpy()
    truth = np.maximum(y[n : n + NEXT], fenced(y[:n]).min())
    return float(1 - np.mean((mean - truth) ** 2) / truth.var())


def main(name: str, *journals: str) -> None:
    model = Model.load(name)
    named = {kind: look_up(SURROGATES, kind, "surrogate") for kind in SURROGATES}
    kinds = [kind for kind, made in named.items() if made.reads_strings]
    if model.task != "expressions":
        kinds.remove("values")
    for path in journals:
        strings, codes, y = scored(path)
        inputs = {kind: features_of(model, kind)(strings) for kind in kinds} | {"exact": codes}
        for kind, x in inputs.items():
            shares = {n: round(explained(named[kind](), x, y, n), 2) for n in KNOWN if n + NEXT <= len(y)}
            print(json.dumps({"journal": Path(path).parent.name, "surrogate": kind, **shares}), flush=True)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    main(*sys.argv[1:])
