"""Every image model on the same data, network and epochs: what the densities do for each.

    python benchmarks/image_models.py --data digits --seeds 3            # --width 16 --epochs 40
    python benchmarks/image_models.py --data mnist-small --seeds 3 --out table.json

A line a model: `frechet_classifier` against the test images, mean and standard deviation over seeds, of
reconstructions, of samples under the prior N(0, I), a full Gaussian and a ten-component mixture, and of mid-points
between codes. The claims of Ghosh et al. 2020 that it bears on: a mixture improves every model; with it
deterministic models match or beat the VAE. Their table 1 is FID and stands on no common scale with this.

`--out` keeps every finished model and seed, with the settings; started again, the benchmark goes on from there.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from grammar_rae import datasets
from grammar_rae.evaluation.images.features import network
from grammar_rae.evaluation.images.metrics import frechet
from grammar_rae.experiments.distances import image_sets
from grammar_rae.experiments.train import train
from grammar_rae.progress import silent
from grammar_rae.runs import folder
from grammar_rae.training.memory import keep_freed

MODELS = ("ae", "vae", "cv_vae", "wae", "two_stage", "rae", "rae_gp", "rae_l2", "rae_sn")
SETS = ("reconstruction", "prior", "gaussian", "gmm", "two_stage", "interpolation")


def distances(name: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """One trained model: the distance of each set, None where it has no such density, and the CPU seconds it took."""
    begun = time.process_time()
    changes = (f"training.seed={seed}", *(f"{key}={value}" for key, value in options.changes.items()))
    model = train(f"{name}-{options.data}", overrides=changes)
    trained = time.process_time() - begun
    test = datasets.load(model.recipe.data.name).test[: options.n]
    drawn = [density for density in model.densities if density in SETS]
    images = image_sets(model, test, drawn, seed, silent)
    features = network("classifier").of
    known = features(images.real)
    found = {key: frechet(features(images.sets[key]), known) if key in images.sets else None for key in SETS}
    return {"model": name, "seed": seed, **found, "training_cpu_seconds": round(trained, 1)}


def table(rows: list[dict[str, Any]]) -> str:
    """Mean ± standard deviation over a model's seeds, lower is better."""
    lines = ["| model | seeds | " + " | ".join(SETS) + " |", "|---" * (len(SETS) + 2) + "|"]
    for name in MODELS:
        own = [row for row in rows if row["model"] == name]
        cells = []
        for key in SETS:
            found = [row[key] for row in own if row[key] is not None]
            cells.append(f"{np.mean(found):.2f} ± {np.std(found):.2f}" if found else "–")
        if own:
            lines.append(f"| {name} | {len(own)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def finished(out: Path | None, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that `out` holds, which must be of the same settings."""
    if out is None or not out.exists():
        return []
    kept = json.loads(out.read_text())
    if kept["settings"] != settings:
        raise SystemExit(f"{out} was made with {kept['settings']}, not {settings}; name another --out")
    return list(kept["rows"])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", default="digits", help="digits, mnist-small, fashion_mnist, mnist, …")
    parser.add_argument("--models", nargs="*", default=MODELS, choices=MODELS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--width", type=int)
    parser.add_argument("--train", type=int, help="training images, the first ones")
    parser.add_argument("--valid", type=int, help="validation images, the first ones")
    parser.add_argument("-n", type=int, default=10_000, help="test images, and images a set, at most")
    parser.add_argument("--out", type=Path, help="keep finished rows here as JSON, and go on from there")
    options = parser.parse_args()
    keep_freed()
    asked = {"training.epochs": options.epochs, "encoder.width": options.width}
    asked |= {"decoder.width": options.width, "data.limit": options.train}
    asked["training.valid_examples"] = options.valid
    options.changes = {key: value for key, value in asked.items() if value is not None}
    settings = {"data": options.data, "n": options.n, **options.changes}
    rows = finished(options.out, settings)
    done = {(row["model"], row["seed"]) for row in rows}
    for seed in range(options.seeds):
        for name in options.models:
            if (name, seed) in done:
                continue
            rows.append(distances(name, seed, options))
            print(json.dumps(rows[-1]), flush=True)
            if options.out:
                folder.replace(options.out, json.dumps({"settings": settings, "rows": rows}, indent=1) + "\n")
    print(table(rows))


if __name__ == "__main__":
    main()
