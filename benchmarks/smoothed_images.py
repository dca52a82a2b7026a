"""Whether a decoder that is told of noise on its codes makes better images of a smoothed mixture.

    python benchmarks/smoothed_images.py --out images                          # rae_l2-digits, 3 seeds
    python benchmarks/smoothed_images.py --out mnist --recipe rae_l2-mnist-small --set data.limit=10000

`plain` is the recipe, and the others start from it and train as long again: `again` as it is, `noisy` with noise on the
decoder's codes up to `--code-noise` times their spread, and `told` with as much and `decoder.noise_input`. Codes would
run away from the noise: these two have `--half-norm` as the weight that holds them. Samples are of ten-component
mixtures, of `told` smoothed by noise of `--noise` times the most it was trained with; the distance is that of
`docs/images.md`, no FID, against the test images.

Stopped, it goes on: finished rows and run folders are in `--out`, several processes may share it.
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

import numpy as np
import resumed
from resumed import Row, kept, markdown, set_up, spread, trained

from grammar_rae import datasets
from grammar_rae.evaluation.images.features import network
from grammar_rae.evaluation.images.metrics import frechet, squared_error
from grammar_rae.model.model import Model
from grammar_rae.recipes import find

MODELS = ("plain", "again", "noisy", "told")


def spread_of(model: Model[Any]) -> float:
    """The root mean square of a model's codes of its training images."""
    codes = model.encode(datasets.load(model.recipe.data.name).train[:2000])
    return float(np.sqrt(np.mean(codes**2)))


def run(model: str, seed: int, options: argparse.Namespace) -> Model[Any]:
    """A run that is trained, or read where it is complete."""
    folders = options.out / "runs"
    changes = [f"training.seed={seed}", *options.changes]
    if model == "plain":
        return trained(find(options.recipe, tuple(changes)), folders / f"plain-{seed}")
    if model != "again":
        largest = options.code_noise * spread_of(run("plain", seed, options))
        changes += [f"objective.code_noise={largest:.6g}", f"objective.weights.half_norm={options.half_norm}"]
    if model == "told":
        changes.append("decoder.noise_input=true")
    recipe = find(options.recipe, tuple(changes))
    return trained(recipe, folders / f"{model}-{seed}", folders / f"plain-{seed}")


def measure(model: str, seed: int, options: argparse.Namespace) -> Row:
    """Reconstructions and samples beside the test images, which they are as many as."""
    made = run(model, seed, options)
    test = made.run.codec.decode(
        made.run.codec.encode(datasets.load(made.recipe.data.name).test[: options.n])
    )
    back, largest = made.reconstruct(test), made.recipe.objective.code_noise
    features = network("classifier").of
    known = features(test)
    row: Row = {"spread": spread_of(made), "squared_error": squared_error(test, back)}
    row["reconstruction"] = frechet(features(back), known)
    for share in options.noise if model == "told" else [0.0]:
        drawn = made.generate(len(test), density="gmm", noise=share * largest, seed=seed)
        row[f"noise_{share:g}"] = frechet(features(drawn), known)
    return row


def main() -> None:
    parser = resumed.parser(__doc__)
    parser.add_argument("--recipe", default="rae_l2-digits")
    parser.add_argument("--set", dest="changes", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--code-noise", type=float, default=1.5, help="in training, of the codes' spread")
    parser.add_argument("--half-norm", type=float, default=1 / 128, help="weight of it where there is noise")
    parser.add_argument("--noise", type=float, nargs="+", default=[0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0])
    parser.add_argument("-n", type=int, default=10_000, help="test images, at most")
    options = parser.parse_args()
    settings = set_up(options)
    lines = []
    for model in MODELS:
        rows = [
            kept(options.out, f"{model}-{seed}", settings, partial(measure, model, seed, options))
            for seed in range(options.seeds)
        ]
        columns = [
            "spread",
            "squared_error",
            "reconstruction",
            *(f"noise_{share:g}" for share in options.noise),
        ]
        lines.append([model, *(spread([row.get(column) for row in rows]) for column in columns)])
    head = ["model", "spread", "squared error", "reconstruction"]
    head += [f"GMM, σ {share:g} of the most" for share in options.noise]
    print(markdown(head, lines))


if __name__ == "__main__":
    main()
