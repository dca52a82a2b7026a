"""Every image model on the same data, network and epochs: what the densities do for each.

    python benchmarks/image_models.py --data digits --seeds 3            # --width 16 --epochs 40
    python benchmarks/image_models.py --data mnist-small --seeds 3 --out table.json

A line a model: `frechet_classifier` against the test images, mean and standard deviation over seeds, of
reconstructions, of samples under the prior N(0, I), a full Gaussian and a ten-component mixture, and of mid-points
between codes. The claims of Ghosh et al. 2020 that it bears on: a mixture improves every model; with it
deterministic models match or beat the VAE. Their table 1 is FID and stands on no common scale with this.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from grammar_rae.evaluators.features import network
from grammar_rae.experiment import train
from grammar_rae.measure_images import measure

MODELS = ("ae", "vae", "cv_vae", "wae", "two_stage", "rae", "rae_gp", "rae_l2", "rae_sn")
SETS = ("reconstruction", "prior", "gaussian", "gmm", "two_stage", "interpolation")


def row(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Mean and spread of each distance over the seeds; None where a model has no such density."""
    found: dict[str, list[float]] = {}
    for seed in range(options.seeds):
        changes = [f"training.seed={seed}", *(f"{key}={value}" for key, value in options.changes.items())]
        model = train(f"{name}-{options.data}", overrides=tuple(changes))
        numbers = measure(model, options.n, seed, network("classifier"), lambda what, share: None).numbers
        for key in SETS:
            if (value := numbers.get(f"frechet_classifier_{key}")) is not None:
                found.setdefault(key, []).append(value)
    cells: dict[str, Any] = {"model": name, "seeds": options.seeds}
    for key in SETS:
        cells[key] = float(np.mean(found[key])) if key in found else None
        cells[f"{key}_std"] = float(np.std(found[key])) if key in found else None
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", default="digits", help="digits, mnist-small, fashion_mnist, mnist, …")
    parser.add_argument("--models", nargs="*", default=MODELS, choices=MODELS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--width", type=int)
    parser.add_argument("-n", type=int, default=10_000, help="test images, and images a set, at most")
    parser.add_argument("--out", type=Path, help="write the rows here as JSON")
    options = parser.parse_args()
    asked = {"training.epochs": options.epochs, "encoder.width": options.width}
    asked["decoder.width"] = options.width
    options.changes = {key: value for key, value in asked.items() if value is not None}
    print("| model | " + " | ".join(SETS) + " |\n" + "|---" * (len(SETS) + 1) + "|")
    rows = []
    for name in options.models:
        rows.append(row(name, options))
        cells = [
            "–" if rows[-1][key] is None else f"{rows[-1][key]:.2f} ± {rows[-1][f'{key}_std']:.2f}"
            for key in SETS
        ]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
