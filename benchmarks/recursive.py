"""The recursive mixture posterior: alternating against simultaneous training, and the number of its components.

    python benchmarks/recursive.py --out recursive               # digits, minutes
    python benchmarks/recursive.py --out further --data mnist-small --seeds 3 --components 2 3 5 --epochs 20

A line a way of training, mean and standard deviation over seeds, in nats an image of the test part, each under the view
of its recipe: the bound; the importance-sampled log-likelihood; the gap between the two, small where the posterior
is near the true one; the seconds of an epoch, the median. All have the networks, likelihood and batches of the recipe
`recursive-DATA`. `vae` has a Gaussian posterior and one step a batch. The alternation moves the decoder twice a
batch; `vae, twice the epochs` does as often.

Stopped, it goes on: finished rows and run folders are in `--out`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np
import resumed
from resumed import Row, markdown, measured, set_up, spread

from grammar_rae import datasets
from grammar_rae.model.model import Model
from grammar_rae.recipes import find
from grammar_rae.recipes.schema import Recipe

COLUMNS = ("bound", "log_likelihood", "gap", "seconds_an_epoch")
REPEATS = 10  # draws of a bound


def ways(components: list[int], epochs: int) -> dict[str, tuple[str, ...]]:
    """What each row of the table changes in the recipe; a VAE's recipe has no components."""
    rows: dict[str, tuple[str, ...]] = {
        "vae": (f"training.epochs={epochs}",),
        "vae, twice the epochs": (f"training.epochs={2 * epochs}",),
    }
    for count in components:
        for name, simultaneous in (("alternating", "false"), ("simultaneous", "true")):
            rows[f"{count} components, {name}"] = (
                f"training.epochs={epochs}",
                f"encoder.components={count}",
                f"objective.simultaneous={simultaneous}",
            )
    return rows


def as_vae(recipe: Recipe) -> Recipe:
    """The same recipe with a Gaussian posterior."""
    encoder = type(recipe.encoder)(**{k: v for k, v in recipe.encoder if k != "components"})
    taken = {k: v for k, v in recipe.objective if k not in ("most_divergence", "simultaneous")}
    objective = type(recipe.objective)(**{**taken, "variant": "vae"})
    return recipe.model_copy(update={"encoder": encoder, "objective": objective})


def cases(options: argparse.Namespace) -> Iterator[tuple[str, Recipe]]:
    """Every run, all ways of a seed before the next seed."""
    limits = () if options.train is None else (f"data.limit={options.train}",)
    for seed in range(options.seeds):
        for way, changes in ways(options.components, options.epochs).items():
            given = (*changes, *limits, f"training.seed={seed}", *options.set)
            recipe = find(f"recursive-{options.data}", given)
            yield f"{way}-{seed}", as_vae(recipe) if way.startswith("vae") else recipe


def measure(model: Model[Any], options: argparse.Namespace) -> Row:
    """Bound, log-likelihood and what lies between, of the first test images."""
    test = datasets.load(model.recipe.data.name).test[: options.n]
    bound = float(np.mean([model.log_likelihood(test, 1, repeat).mean() for repeat in range(REPEATS)]))
    likelihood = float(model.log_likelihood(test, options.draws, 0).mean())
    return {"bound": bound, "log_likelihood": likelihood, "gap": likelihood - bound}


def table(rows: list[Row]) -> str:
    """Mean and standard deviation over a way's seeds."""
    own: dict[str, list[Row]] = {}
    for row in rows:
        own.setdefault(row["name"].rsplit("-", 1)[0], []).append(row)
    lines = [[way, *(spread([row[name] for row in of]) for name in COLUMNS)] for way, of in own.items()]
    return markdown(["way", *(name.replace("_", " ") for name in COLUMNS)], lines)


def main() -> None:
    parser = resumed.parser(__doc__, seeds=1)
    parser.add_argument("--data", default="digits", help="of a recipe: digits, mnist-small, omniglot, …")
    parser.add_argument("--components", type=int, nargs="*", default=[2, 3])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--draws", type=int, default=500, help="importance samples an image")
    parser.add_argument("--train", type=int, help="training images, the first ones")
    parser.add_argument("-n", type=int, default=500, help="test images, the first ones")
    parser.add_argument("--set", nargs="*", default=[], help="further changes of the recipe, key=value")
    options = parser.parse_args()
    settings = set_up(options, "components")
    rows = measured(cases(options), options.out, settings, lambda model, _: measure(model, options))
    print(
        f"\n{options.n:,} test images at most, {options.draws} draws, {options.seeds} seeds\n\n{table(rows)}"
    )


if __name__ == "__main__":
    main()
