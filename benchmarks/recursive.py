"""The recursive mixture posterior: alternating against simultaneous training, and the number of its components.

    python benchmarks/recursive.py                               # digits, minutes
    python benchmarks/recursive.py --data mnist-small --seeds 3 --components 2 3 5 --epochs 20 --out table.json

A line a way of training, mean and standard deviation over seeds, in nats an image of the test part, each under the view
of its recipe: the bound; the importance-sampled log-likelihood; the gap between the two, small where the posterior
is near the true one; the seconds of an epoch, the median. All have the networks, likelihood and batches of the recipe
`recursive-DATA`. `vae` has a Gaussian posterior and one step a batch. The alternation moves the decoder twice a
batch; `vae, twice the epochs` does as often.

`--out` keeps every finished row, with the settings; started again, the benchmark goes on from there.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from image_models import finished

from grammar_rae import datasets
from grammar_rae.experiments.train import train
from grammar_rae.files.atomic import write_bytes
from grammar_rae.recipes import find
from grammar_rae.recipes.schema import Recipe
from grammar_rae.training.memory import keep_freed

COLUMNS = ("bound", "log_likelihood", "gap", "seconds_an_epoch")


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


def measured(way: str, changes: tuple[str, ...], seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """One trained model: its row."""
    limits = () if options.train is None else (f"data.limit={options.train}",)
    recipe = find(f"recursive-{options.data}", (*changes, *limits, f"training.seed={seed}", *options.set))
    seconds: list[float] = []
    model = train(
        as_vae(recipe) if way.startswith("vae") else recipe,
        on_epoch=lambda record: seconds.append(record["seconds"]),
    )
    test = datasets.load(recipe.data.name).test[: options.n]
    bound = float(np.mean([model.log_likelihood(test, 1, repeat).mean() for repeat in range(10)]))
    likelihood = float(model.log_likelihood(test, options.draws, 0).mean())
    numbers = (bound, likelihood, likelihood - bound, median(seconds))
    return {"way": way, "seed": seed, **dict(zip(COLUMNS, numbers, strict=True))}


def table(rows: list[dict[str, Any]]) -> str:
    """Mean ± standard deviation over a way's seeds."""
    lines = ["| way | seeds | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 2) + "|"]
    for way in dict.fromkeys(row["way"] for row in rows):
        own = [row for row in rows if row["way"] == way]
        found = [[row[column] for row in own] for column in COLUMNS]
        cells = [f"{np.mean(values):.2f} ± {np.std(values):.2f}" for values in found]
        lines.append(f"| {way} | {len(own)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", default="digits", help="of a recipe: digits, mnist-small, omniglot, …")
    parser.add_argument("--components", type=int, nargs="*", default=[2, 3])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--draws", type=int, default=500, help="importance samples an image")
    parser.add_argument("--train", type=int, help="training images, the first ones")
    parser.add_argument("-n", type=int, default=500, help="test images, the first ones")
    parser.add_argument("--set", nargs="*", default=[], help="further changes of the recipe, key=value")
    parser.add_argument("--out", type=Path, help="keep finished rows here as JSON, and go on from there")
    options = parser.parse_args()
    keep_freed()
    settings = {k: v for k, v in vars(options).items() if k not in ("out", "components", "seeds")}
    rows = finished(options.out, settings)
    done = {(row["way"], row["seed"]) for row in rows}
    for seed in range(options.seeds):
        for way, changes in ways(options.components, options.epochs).items():
            if (way, seed) in done:
                continue
            rows.append(measured(way, changes, seed, options))
            print(json.dumps(rows[-1]), flush=True)
            if options.out:
                write_bytes(options.out, (json.dumps({"settings": settings, "rows": rows}) + "\n").encode())
    print(table(rows))


if __name__ == "__main__":
    main()
