"""How well VLAC clusters images rung by rung, beside k-means and a mixture on the codes of a VAE of the same nets.

    python benchmarks/clustering.py --out clustering-mnist                        # vlac-mnist-small, one core
    python benchmarks/clustering.py --out clustering-fashion --recipe vlac-fashion_mnist
    python benchmarks/clustering.py --out quick --limit 20000 --epochs 20 --seeds 1

A row a rung of VLAC, whose likeliest component of a code is its cluster, then k-means and a Gaussian mixture of full
covariances on the whole codes of VLAC and of the VAE: the ladder of the same nets, rungs, data and training, N(0, I) in
place of the mixtures. Codes are posterior means of the test images; no label is looked at in training. In percent, ±
the standard deviation over seeds: `one to one`, every class given one cluster at most by the best assignment;
`majority`, every cluster given to its most frequent class, which favours many clusters; normalised mutual information.

Published by majority, of 25 components a facet, other nets and 200 epochs: MFCVAE (Falck et al. 2021), 92.02 ± 3.02 on
MNIST; its code (configs/mnist.yml, utils.py) says so. K-means and the mixture are of 10 clusters and of as many as the
rungs have: what a majority gives is compared only among equal numbers.

Stopped, it goes on: finished rows and run folders are in `--out`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np
import resumed
from resumed import Row, markdown, measured, set_up, spread

from grammar_rae import datasets, recipes
from grammar_rae.experiments.clusters import agreement, assigned, clusters_of
from grammar_rae.model.components import mixtures
from grammar_rae.model.model import Model
from grammar_rae.recipes.schema import Recipe

MEASURES = {"one to one": "clustering_accuracy", "majority": "majority_accuracy", "NMI": "clustering_nmi"}


def recipe(variant: str, seed: int, options: argparse.Namespace) -> Recipe:
    """The recipe, or its nets, data and training under a VAE's prior."""
    stated = recipes.find(options.recipe).model_dump(mode="json", exclude_unset=True)
    if variant == "vae":
        del stated["prior"]
        stated["objective"] = {**stated["objective"], "variant": "ladder"}
    given = {"epochs": options.epochs, "seed": seed}
    stated["training"] |= {key: value for key, value in given.items() if value is not None}
    if options.limit is not None:
        stated["data"]["limit"] = options.limit
    return Recipe.model_validate({**stated, "name": f"{variant}-{seed}"})


def cases(options: argparse.Namespace) -> Iterator[tuple[str, Recipe]]:
    """Every run, both of a seed before the next."""
    for seed in range(options.seeds):
        for variant in ("vlac", "vae"):
            yield f"{variant}-{seed}", recipe(variant, seed, options)


def measure(model: Model[Any], name: str) -> Row:
    """Agreement with the test labels, of the recipe `name`'s model or the VAE it is compared with.

    SystemExit where the data has no labels.
    """
    data = datasets.load(model.recipe.data.name)
    labels = data.labels.get("test")
    if labels is None:
        raise SystemExit(f"{model.recipe.data.name} has no labels of its test images; name a recipe on mnist")
    rows, places, _ = model.rows_known(data.test)
    codes, known = model.codes(rows), labels[places]
    numbers = {len(np.unique(known)), *recipes.find(name).model_dump()["prior"]["clusters"]}
    found = clusters_of(codes, sorted(numbers), 0)
    if (prior := mixtures(model)) is not None:
        found = {f"rung_{i}": own for i, own in enumerate(assigned(model, prior, codes), 1)} | found
    return agreement(known, found)


def table(rows: list[Row]) -> str:
    """Means and spreads over seeds of every clustering of either model."""
    names = {"kmeans": "k-means on its codes, {} clusters", "gmm": "mixture on its codes, {} components"}
    lines = []
    for variant in ("vlac", "vae"):
        own = [row for row in rows if row["name"].startswith(variant)]
        first = f"{MEASURES['one to one']}_"
        for name in [key.removeprefix(first) for key in own[0] if key.startswith(first)]:
            values = [
                spread([100 * row[f"{measure}_{name}"] for row in own], 1) for measure in MEASURES.values()
            ]
            kind, number = name.split("_")
            lines.append([variant, names.get(kind, "components of rung {}").format(number), *values])
    return markdown(["model", "clusters", *MEASURES], lines)


def main() -> None:
    parser = resumed.parser(__doc__)
    parser.add_argument(
        "--recipe", default="vlac-mnist-small", help="one of the variant vlac, on labelled images"
    )
    parser.add_argument("--epochs", type=int, help="the recipe's where not given")
    parser.add_argument("--limit", type=int, help="training images, the first ones")
    options = parser.parse_args()
    settings = set_up(options)
    rows = measured(cases(options), options.out, settings, lambda model, _: measure(model, options.recipe))
    train = "all" if options.limit is None else f"{options.limit:,}"
    print(f"\n{options.recipe}, {train} training images, {options.seeds} seeds\n\n{table(rows)}")
    vlac = [row["seconds_an_epoch"] for row in rows if row["name"].startswith("vlac")]
    print(f"\nSeconds an epoch of vlac: {spread(vlac, 1)}")


if __name__ == "__main__":
    main()
