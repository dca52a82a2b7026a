"""What each rung of a ladder of expressions holds: the rung drawn anew, and what of the expression stays.

    python benchmarks/rungs.py --out rungs               # two recipes, 30,000 expressions, ten minutes a run
    python benchmarks/rungs.py --out smoke --epochs 1 --limit 2000 --items 100 --seeds 1

Codes of held-out expressions are decoded as they are and with one rung of the prior's, the others kept; `all` draws the
whole code and `KL` is what a rung holds, nats. Of the second expression beside the first: `same` altogether; the same
`structure`, numbers aside; the same `numbers` in their order; the same `functions`, sin and exp, as often; and by how
many characters the lengths differ. Shares are of the pairs, in percent.

Stopped, it goes on: finished rows and run folders are in `--out`.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import resumed
from resumed import Row, markdown, measured, set_up, spread

from grammar_rae import datasets
from grammar_rae.model.model import Model
from grammar_rae.model.rungs import part_of, rungs
from grammar_rae.model.usage import posterior_usage
from grammar_rae.recipes import find
from grammar_rae.recipes.schema import Recipe

RECIPES = ("ladder-equations", "vlac-equations")
HOLDS = {
    "same": lambda text: text,
    "structure": lambda text: re.sub(r"\d", "1", text),
    "numbers": lambda text: re.findall(r"\d", text),
    "functions": lambda text: Counter(re.findall(r"sin|exp", text)),
}


def cases(options: argparse.Namespace) -> Iterator[tuple[str, Recipe]]:
    """A run of every recipe and seed."""
    for seed in range(options.seeds):
        for name in options.only:
            training = (
                f"training.epochs={options.epochs}",
                f"training.seed={seed}",
                "training.batch=200",
                "training.valid_examples=2000",
            )
            yield f"{name}-{seed}", find(name, (*training, f"data.limit={options.limit}"))


def beside(first: list[str], second: list[str]) -> Row:
    """What pairs of expressions have in common."""
    pairs = list(zip(first, second, strict=True))
    shares = {name: 100 * float(np.mean([of(a) == of(b) for a, b in pairs])) for name, of in HOLDS.items()}
    return shares | {"length": float(np.mean([abs(len(a) - len(b)) for a, b in pairs]))}


def measure(model: Model[Any], items: int) -> Row:
    """Of every rung, the highest first, and of the whole code, what stays when it is drawn anew."""
    x, _, _ = model.rows_known(datasets.load(model.recipe.data.name).valid[:items])
    _, whole, by_coordinate = posterior_usage(model, x, 0)
    codes, drawn = model.codes(x), model.sample_codes(len(x), "prior", seed=0)
    kept, found = model.decode(codes), {}
    for rung in range(rungs(model), 0, -1):
        part = part_of(model, rung)
        anew = codes.copy()
        anew[:, part] = drawn[:, part]
        nats = None if by_coordinate is None else float(by_coordinate[:, part].sum(1).mean())
        found[f"rung {rung}"] = {"kl": nats, **beside(kept, model.decode(anew))}
    nats = None if whole is None else float(whole.mean())
    return {"drawn": {**found, "all": {"kl": nats, **beside(kept, model.decode(drawn))}}}


def table(rows: list[Row], recipes: list[str]) -> str:
    """A line a recipe and rung, mean ± standard deviation over seeds."""
    lines = []
    for recipe in recipes:
        own = [row["drawn"] for row in rows if row["name"].rsplit("-", 1)[0] == recipe]
        for what in own[0]:
            cells = [spread([row[what][name] for row in own], 1) for name in ("kl", *HOLDS, "length")]
            lines.append([recipe, what, *cells])
    return markdown(["recipe", "drawn anew", "KL", *HOLDS, "characters apart"], lines)


def main() -> None:
    parser = resumed.parser(__doc__)
    parser.add_argument("--only", nargs="+", default=list(RECIPES), choices=RECIPES)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--limit", type=int, default=30_000, help="training expressions, the first ones")
    parser.add_argument("--items", type=int, default=2000, help="validation expressions")
    options = parser.parse_args()
    settings = set_up(options, "only")
    rows = measured(cases(options), options.out, settings, lambda model, _: measure(model, options.items))
    print(f"\n{options.items:,} validation expressions, {options.seeds} seeds\n\n{table(rows, options.only)}")


if __name__ == "__main__":
    main()
