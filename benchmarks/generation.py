"""Strings a second from a trained model, end to end: density, network, machine, text, canonical form.

    python benchmarks/generation.py [-n 2000] [--model grae-smiles] [--device cuda] [--json]

An absolute rate of one machine: it says nothing beside another machine's.
"""

from __future__ import annotations

import argparse
import json
import os
import time

from grammar_rae.evaluators import task_for
from grammar_rae.model import Model


def measure(name: str, n: int, device: str) -> dict[str, float | str]:
    """Rates of strings as written and in canonical form, after a run that does not count."""
    model = Model.load(name, device)
    model.generate(100)
    begin = time.perf_counter()
    raw = model.generate(n, raw=True)
    written = time.perf_counter()
    forms = task_for(model.task, raw).canonical(raw)
    done = time.perf_counter()
    return {
        "model": name,
        "device": device,
        "cores": os.cpu_count() or 1,
        "n": n,
        "valid": sum(form is not None for form in forms) / n,
        "raw_per_second": n / (written - begin),
        "canonical_per_second": n / (done - begin),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=2000)
    parser.add_argument("--model", default="grae-smiles")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(arguments.model, arguments.n, arguments.device)
    if arguments.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key:22} {value:,.4g}" if isinstance(value, float) else f"{key:22} {value}")
