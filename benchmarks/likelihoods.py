"""Every variational model beside the VAE: log-likelihood, latent usage, and what ex-post densities do.

    python benchmarks/likelihoods.py --out likelihoods                    # 3 seeds; some three hours on one core
    python benchmarks/likelihoods.py --out likelihoods --data gaussian    # half of it, in a second process
    python benchmarks/likelihoods.py --out smoke --only vae laplace --epochs 1 --seeds 1 --limit 2000 --items 100

Two tables a kind of data. `binarised`: MNIST, dynamically binarised in training, by a fixed seed in validation and
test, Bernoulli pixels. `gaussian`: MNIST dequantised, one normal a pixel with one learned variance; the log-likelihood
is of the density of intensities from 0 to 1. Every model trains on the same images, with the same optimizer, epochs and
size of code, and the same dense encoder and decoder; a table says which have others. Images for the distances are the
likeliest ones, but for the local decoder's, whose samples are drawn: pixel by pixel the likeliest is a blank.
Log-likelihoods are by importance sampling, of the same test images under the same noise; the ± is the standard
deviation over seeds. An RAE's codes are points: it has none, «–».

Stopped, it goes on: finished rows and run folders are in `--out`, several processes may share it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import resumed
from resumed import Row, markdown, measured, set_up, spread

from grammar_rae import datasets
from grammar_rae.evaluation.images.features import network
from grammar_rae.evaluation.images.metrics import frechet
from grammar_rae.experiments.distances import image_sets
from grammar_rae.experiments.latent import latent_numbers
from grammar_rae.model.model import Model
from grammar_rae.progress import silent
from grammar_rae.recipes.schema import Recipe

LATENT, RUNGS = 16, [8, 8]
DENSE = {"net": "dense", "widths": [200, 200]}
LADDER = {"net": "dense_ladder", "width": 200}  # two rungs: as many layers
LOCAL = {**DENSE, "net": "local_dense", "window": [5, 2], "layers": 2, "blocks": 2}
FLOW = {"steps": 2, "widths": [200, 200]}
WARM_UP = {"warm_up": {"kl": 2000}}  # of ladders, as their paper has it
DATA = {  # view of MNIST, likelihood
    "binarised": ("binarised", "bernoulli"),
    "gaussian": ("dequantised", "linear_gaussian"),
}
MODELS: dict[str, Row] = {  # what a model has of its own: sections of the recipe
    "vae": {},
    "cv_vae": {},
    "rae": {"objective": {"weights": {"half_norm": 1e-2}}},
    "laplace": {},
    "recursive": {"encoder": {"components": 2}},
    "ladder": {"encoder": {**LADDER, "rungs": RUNGS}, "decoder": LADDER, "objective": WARM_UP},
    "vlac": {
        "encoder": {**LADDER, "rungs": RUNGS},
        "decoder": LADDER,
        "objective": WARM_UP,
        "prior": {"clusters": [10, 10], "fit_epoch": 3},
    },
    "mutual": {"prior": FLOW},
    "lossy": {"decoder": LOCAL, "prior": FLOW, "density": {"temperature": 1.0}},
}
OTHER_NETS = {"ladder": "dense ladder", "vlac": "dense ladder", "lossy": "local decoder, drawn"}
PUBLISHED = {  # nats, of networks and codes larger than here, all 50,000 or 60,000 images and hundreds of epochs
    "binarised": {
        "vae": "−85.4 (Park et al. 2019, chart)",
        "laplace": "−83.7 (Park et al. 2019, chart)",
        "mutual": "−77.98 (Ma et al. 2019, autoregressive decoder)",
        "lossy": "−78.53 (Chen et al. 2017, autoregressive decoder)",
    },
    "gaussian": {  # of logits of intensities, another scale
        "vae": "−408.5 on logits (Park et al. 2019, code)",
        "laplace": "−381.2 on logits (Park et al. 2019, code)",
    },
}
SETS = ("reconstruction", "prior", "gaussian", "gmm")


def recipe(model: str, data: str, seed: int, options: argparse.Namespace) -> Recipe:
    """The recipe of one run."""
    view, likelihood = DATA[data]
    own = MODELS[model]
    sections: Row = {
        "name": f"{model}-{data}",
        "task": "images",
        "data": {"name": "mnist", "view": view, "limit": options.limit},
        "codec": {"kind": "image", "size": 28, "channels": 1},
        "encoder": {"latent": LATENT, **DENSE},
        "decoder": DENSE,
        "objective": {"variant": model, "likelihood": likelihood},
        "training": {
            "epochs": options.epochs,
            "batch": 100,
            "learning_rate": 1e-3,
            "valid_examples": 2000,
            "seed": seed,
        },
        "density": {"default": "gmm", "components": 10, "temperature": 0.0},
    }
    for part, changes in own.items():
        kept = {"latent": LATENT} if part == "encoder" and "net" in changes else sections.get(part, {})
        sections[part] = changes if part == "decoder" and "net" in changes else {**kept, **changes}
    return Recipe.model_validate(sections)


def measure(model: Model[Any], options: argparse.Namespace) -> Row:
    """Likelihood and usage of the first test images, Fréchet distances of as many sets as the densities give."""
    test = datasets.load("mnist").test
    x, _, _ = model.rows_known(test[: options.items])
    drawn = [density for density in model.densities if density in SETS]
    images = image_sets(model, test[: options.n], drawn, 0, silent)
    features = network("classifier").of
    known = features(images.real)
    distances = {f"frechet_{name}": frechet(features(images.sets[name]), known) for name in images.sets}
    return latent_numbers(model, x, options.draws, 0) | distances


def cases(options: argparse.Namespace) -> Iterator[tuple[str, Recipe]]:
    """Every run that is asked for, all models of a seed before the next seed."""
    for seed in range(options.seeds):
        for data in options.data:
            for model in options.only:
                yield f"{data}-{model}-{seed}", recipe(model, data, seed, options)


def table(rows: list[Row], data: str, models: list[str]) -> str:
    """Log-likelihood, its distance from the VAE's seed by seed, usage and cost."""
    head = ["model", "log-likelihood", "above the VAE", "beats it", "KL", "active units", "seconds an epoch"]
    base = {row["seed"]: row["log_likelihood"] for row in rows if row["model"] == "vae"}
    lines = []
    for model in models:
        own = [row for row in rows if row["model"] == model]
        nats = [row["log_likelihood"] for row in own]
        above = [
            row["log_likelihood"] - base[row["seed"]]
            for row in own
            if row["seed"] in base and row["log_likelihood"] is not None
        ]
        cells = [f"{model} ({OTHER_NETS[model]})" if model in OTHER_NETS else model, spread(nats)]
        cells += ["", ""] if model == "vae" else [spread(above), verdict(above)]
        cells += [spread([row["kl"] for row in own]), spread([row["active_units"] for row in own], 1)]
        cells += [spread([row["seconds_an_epoch"] for row in own], 1), PUBLISHED[data].get(model, "–")]
        lines.append(cells)
    return markdown([*head, "published, full size"], lines)


def verdict(above: list[float]) -> str:
    """Whether a model is above the VAE in every seed, in none, or in some."""
    if not above:
        return "–"
    better = sum(nats > 0 for nats in above)
    return "yes" if better == len(above) else "no" if not better else f"{better} of {len(above)} seeds"


def distances(rows: list[Row], models: list[str]) -> str:
    """Fréchet distances, and what the better ex-post density takes from the prior's."""
    lines = []
    for model in models:
        own = [row for row in rows if row["model"] == model]
        gains = [
            row["frechet_prior"] - min(row["frechet_gaussian"], row["frechet_gmm"])
            for row in own
            if None not in (row["frechet_prior"], row.get("frechet_gaussian"), row.get("frechet_gmm"))
        ]
        helps = (
            "–" if not gains else "yes" if min(gains) > 0 else "no" if max(gains) <= 0 else "in some seeds"
        )
        lines.append([model, *(spread([row.get(f"frechet_{name}") for row in own]) for name in SETS), helps])
    return markdown(["model", *SETS, "ex-post helps"], lines)


def main() -> None:
    parser = resumed.parser(__doc__)
    parser.add_argument("--data", nargs="+", default=list(DATA), choices=DATA)
    parser.add_argument("--only", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--limit", type=int, default=20_000, help="training images, the first ones")
    parser.add_argument("--items", type=int, default=1000, help="test images whose likelihood is taken")
    parser.add_argument("--draws", type=int, default=500, help="importance samples of each")
    parser.add_argument("-n", type=int, default=5000, help="test images, and images a set, of the distances")
    options = parser.parse_args()
    settings = set_up(options, "data", "only")
    found = measured(cases(options), options.out, settings, lambda model, _: measure(model, options))
    for row in found:
        row["data"], row["model"], seed = row["name"].split("-")
        row["seed"] = int(seed)
    for data in options.data:
        rows = [row for row in found if row["data"] == data]
        print(f"\n{data}: {options.items:,} test images, {options.draws} draws, {options.seeds} seeds\n")
        print(table(rows, data, options.only))
        print(f"\nfrechet_classifier, {options.n:,} images, lower is better\n")
        print(distances(rows, options.only))


if __name__ == "__main__":
    main()
