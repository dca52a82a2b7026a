"""Models of expressions beside the Grammar VAE and GRAE: what comes back, what is finished, and the bound.

    python benchmarks/expression_models.py --out expressions              # 3 seeds, 30,000 of the published expressions
    python benchmarks/expression_models.py --out smoke --only gvae mutual --epochs 1 --seeds 1 --limit 2000 --items 200

Every model trains on the same derivations, epochs and size of code, with the convolutions and recurrent layers of the
published Grammar VAE; the table says which have others. `gvae` and `grae` are the recipes of those papers, with their
weights; the rest maximise their bound, `vae` that of the Grammar VAE's networks with a posterior that is drawn from as
it is, `vae_warm` the same with its KL warmed up as that of the ladders. `reconstructed`: validation items whose
likeliest decoding is the item. `complete`: samples of a density that end without a step budget. `bound`: nats of a
validation item at one draw of its posterior, in expectation a lower bound of its log-likelihood, which many draws come
nearer to; «–» where codes are not drawn from the posterior.

Stopped, it goes on: finished rows and run folders are in `--out`, several processes may share it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np
import resumed
from resumed import Row, markdown, measured, set_up, spread

from grammar_rae import datasets
from grammar_rae.experiments.latent import likelihood_numbers, usage_numbers
from grammar_rae.experiments.protocols import reconstruction
from grammar_rae.model.model import Model
from grammar_rae.recipes import find
from grammar_rae.recipes.schema import Recipe

BOUND = {"likelihood": "categorical", "weights": {}}
READER = {"net": "strided_ladder", "latent": 25, "rungs": [13, 12], "hidden": 100, "filters": [32, 64]}
WRITER = {
    "net": "repeat_ladder",
    "hidden": 100,
    "layers": 3,
    "path": 64,
    "batch_norm": True,
    "budget": "sampling",
}
LADDER = {"encoder": READER, "decoder": WRITER}
WARM = {**BOUND, "warm_up": {"kl": 2000}}  # as the ladder's paper has it
MODELS: dict[str, tuple[str, Row]] = {  # the recipe it begins with, and what it has of its own
    "gvae": ("gvae-equations", {}),
    "vae": ("gvae-equations", {"encoder": {"noise": 1.0}, "objective": {"variant": "vae", **BOUND}}),
    "vae_warm": ("gvae-equations", {"encoder": {"noise": 1.0}, "objective": {"variant": "vae", **WARM}}),
    "grae": ("grae-equations", {}),
    "ladder": ("grae-equations", {**LADDER, "objective": {"variant": "ladder", **WARM}}),
    "vlac": ("grae-equations", {**LADDER, "objective": {"variant": "vlac", **WARM}}),
    "mutual": (
        "grae-equations",
        {"objective": {"variant": "mutual", **BOUND}, "prior": {"widths": [64, 64]}},
    ),
    "recursive": (
        "grae-equations",
        {"encoder": {"components": 2}, "objective": {"variant": "recursive", **BOUND}},
    ),
}
OTHER_NETS = {"ladder": "strided ladder", "vlac": "strided ladder"}
DENSITIES = ("prior", "gaussian", "gmm")


def recipe(model: str, seed: int, options: argparse.Namespace) -> Recipe:
    """The recipe of one run."""
    base, own = MODELS[model]
    sections: Row = find(base).model_dump(exclude_defaults=True)
    training = {"epochs": options.epochs, "batch": 200, "learning_rate": 1e-3, "seed": seed}
    for part, changes in own.items():
        kept = {} if "net" in changes else sections.get(part, {})
        sections[part] = {**kept, **changes}
    sections |= {"name": model, "about": "", "training": {**training, "valid_examples": 2000}}
    sections["data"] = {**sections["data"], "limit": options.limit}
    sections["density"] = {"default": "gmm", "components": 10}
    return Recipe.model_validate(sections)


def measure(model: Model[Any], options: argparse.Namespace) -> Row:
    """Validation items there and back, their bound and likelihood, and samples of every density without a budget."""
    items = datasets.load(model.recipe.data.name).valid[: options.items]
    x, _, _ = model.rows_known(items)
    row: Row = {"reconstructed": reconstruction(model, items)[1]["reconstructed"]}
    for density in DENSITIES:
        drawn = model.generate(options.n, density=density, seed=0, budget=False, raw=True)
        row[f"complete_{density}"] = float(np.mean([text != "" for text in drawn]))
    likelihood = likelihood_numbers(model, x, options.draws, 0)
    row |= {"bound": likelihood_numbers(model, x, 1, 0)["log_likelihood"]}
    return row | usage_numbers(model, x, 0) | likelihood


def cases(options: argparse.Namespace) -> Iterator[tuple[str, Recipe]]:
    """Every run that is asked for, all models of a seed before the next seed."""
    for seed in range(options.seeds):
        for model in options.only:
            yield f"{model}-{seed}", recipe(model, seed, options)


def table(rows: list[Row], models: list[str]) -> str:
    """Mean ± standard deviation over seeds; shares in percent."""
    head = ["model", "reconstructed", *(f"complete, {name}" for name in DENSITIES), "bound", "log-likelihood"]
    lines = []
    for model in models:
        own = [row for row in rows if row["name"].rsplit("-", 1)[0] == model]
        shares = ("reconstructed", *(f"complete_{name}" for name in DENSITIES))
        cells = [f"{model} ({OTHER_NETS[model]})" if model in OTHER_NETS else model]
        cells += [spread([100 * row[name] for row in own], 1) for name in shares]
        cells += [spread([row[name] for row in own]) for name in ("bound", "log_likelihood", "kl")]
        cells += [spread([row[name] for row in own], 1) for name in ("active_units", "seconds_an_epoch")]
        lines.append(cells)
    return markdown([*head, "KL", "active units", "seconds an epoch"], lines)


def main() -> None:
    parser = resumed.parser(__doc__)
    parser.add_argument("--only", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--limit", type=int, default=30_000, help="training expressions, the first ones")
    parser.add_argument("--items", type=int, default=2000, help="validation expressions that are measured")
    parser.add_argument("--draws", type=int, default=100, help="importance samples of each")
    parser.add_argument("-n", type=int, default=1000, help="samples of a density")
    options = parser.parse_args()
    settings = set_up(options, "only")
    rows = measured(cases(options), options.out, settings, lambda model, _: measure(model, options))
    print(f"\n{options.items:,} validation expressions, {options.draws} draws, {options.seeds} seeds\n")
    print(table(rows, options.only))


if __name__ == "__main__":
    main()
