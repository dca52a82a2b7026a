"""Ex-post densities fitted on the same codes: how well they fit, what is drawn from them, and whether they copy.

    python benchmarks/densities.py --out densities                       # molecules, expressions, MNIST; 10,000 samples
    python benchmarks/densities.py --out quick --data molecules --only gmm-10 flow_matching -n 500 --codes 5000

A row a density, after two of codes of items: `training`, decoded, what a density would reach that draws nothing else,
and `held-out`, of the validation split, for `nearer` alone.

`nats`: mean log-density of `--held-out` codes of the validation split, ± its standard error; «≥» where it is a lower
bound. Those codes, and the `--codes` training codes that all densities are fitted on, are posterior means.

`nearer`: the share of samples whose code is nearer to a training code than training codes are to each other.
Distances are Euclidean, every number of a code divided by its standard deviation over the training codes. A sample's
distance is that to the nearest of the training codes; a training code's is that to the nearest of the others. A sample
counts as nearer where its distance is less than the median of those of 2,000 training codes, a seeded choice. Codes
drawn from the density that the training codes come from score about 50 %, those of the validation split likewise (the
row `held-out`); a density that repeats what it was fitted on scores 100 %, one that is too wide 0 %.

`distance`, lower is better, of `-n` samples from as many items of the validation split (molecules: from all of it):
molecules FCD (`samples.py`); expressions the Wasserstein-1 distance of the number of steps in a derivation; images
`frechet_classifier`. `unique` and `novel` (against the training split) are of valid samples; `whole`: expressions that
end without a step budget. `seconds` to fit, of this machine and `--threads`; `kB`: the file of the density.

Molecules and expressions take shipped models (`--molecules`, `--expressions`); MNIST trains RAE-L2 of width 8 on 10,000
images for six epochs. Stopped, it goes on: codes, runs and finished rows are in `--out`, which processes may share.
"""

from __future__ import annotations

import argparse
import io
import time
import warnings
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import resumed
import samples
import torch
from numpy.typing import NDArray
from resumed import Row, kept, markdown, set_up, spread, trained
from torch import Tensor

import grammar_rae as gr
from grammar_rae import datasets, recipes
from grammar_rae.chance import permutation, subset
from grammar_rae.datasets.dataset import Dataset
from grammar_rae.evaluation.images.features import network
from grammar_rae.evaluation.images.metrics import frechet
from grammar_rae.evaluation.molecules import fcd, metrics
from grammar_rae.evaluation.molecules.profile import profile
from grammar_rae.files.atomic import replace
from grammar_rae.model.model import Model
from grammar_rae.runs.weights import pack_weights

COMPARED = 2000  # training codes whose distance to the others is measured
BLOCK = 500  # codes whose distances to all others are held at a time
MNIST = "encoder.width=8", "decoder.width=8", "data.limit=10000", "training.epochs=6"
SHIPPED = {"molecules": "grae-smiles", "expressions": "grae-equations"}
DENSITIES: dict[str, tuple[str, Row]] = {  # a kind and its settings; widths in units of the codes' deviation
    "gaussian": ("gaussian", {}),
    "gmm-10": ("gmm", {"components": 10}),
    "gmm-100": ("gmm", {"components": 100}),
    "gmm-100-floor": ("gmm", {"components": 100, "floor": 0.3}),
    "dirichlet": ("dirichlet", {}),
    "kde": ("kde", {}),
    "kde-narrow": ("kde", {"bandwidth": 0.3}),
    "flow": ("flow", {}),
    "flow_matching": ("flow_matching", {}),
    "two_stage": ("two_stage", {}),
}
WIDTHS = ("floor", "bandwidth")
CODES = ("training", "held-out")  # rows of items' codes


class Subject(NamedTuple):
    """A model, its data, and codes (n, D) of its training and validation items."""

    model: Model[Any]
    data: Dataset[Any]
    train: NDArray[np.float32]
    valid: NDArray[np.float32]


def model_of(data: str, options: argparse.Namespace) -> Model[Any]:
    """The shipped model of a kind of data, or the trained one of images."""
    if data == "mnist":
        return trained(recipes.find("rae_l2-mnist-small", MNIST), options.out / "runs" / data)
    return gr.load(vars(options)[data])


def subject(name: str, options: argparse.Namespace) -> Subject:
    """The codes are kept in `--out`."""
    model = model_of(name, options)
    data = datasets.load(model.recipe.data.name)
    codes = []
    known = data.train[: model.recipe.data.limit]
    for part, items, count in (("train", known, options.codes), ("valid", data.valid, options.held_out)):
        path = options.out / "codes" / f"{name}-{part}-{count}.npy"
        if not path.exists():
            z, _, _ = model.encode_known([items[i] for i in subset(len(items), count, 0)])
            body = io.BytesIO()
            np.save(body, z)
            replace(path, body.getvalue())
        codes.append(np.load(path))
    return Subject(model, data, *codes)


def nearest(z: Tensor, others: Tensor, skip: Tensor | None = None) -> Tensor:
    """(n,) distances of z (n, D) to the nearest of `others` (m, D), that at the places `skip` (n,) left out."""
    found = []
    for begin in range(0, len(z), BLOCK):
        apart = torch.cdist(z[begin : begin + BLOCK], others)
        if skip is not None:
            apart[torch.arange(len(apart)), skip[begin : begin + BLOCK]] = torch.inf
        found.append(apart.min(1).values)
    return torch.cat(found)


def nearer(z: NDArray[np.float32], train: NDArray[np.float32]) -> float:
    """The share of codes z (n, D) nearer to one of `train` (m, D) than the median of these is to another."""
    scale = train.std(0).clip(min=1e-6)
    drawn, known = torch.as_tensor(z / scale), torch.as_tensor(train / scale)
    chosen = torch.as_tensor(subset(len(known), COMPARED, 0))
    usual = nearest(known[chosen], known, chosen).median()
    return (nearest(drawn, known) < usual).double().mean().item()


@cache
def real_molecules(name: str) -> tuple[samples.Reference, set[str]]:
    """The validation split of a data set as `samples.row` wants it, and the training split."""
    data = datasets.load(name)
    known = metrics.reference(data.valid)
    return (known, fcd.activation_moments(known)), set(data.train)


def judged_molecules(of: Subject, drawn: list[str]) -> Row:
    """FCD, unique, novel."""
    reference, seen = real_molecules(of.data.name)
    items = metrics.read_molecules(drawn)
    found = profile(items.forms, items.counts, compared=False)
    row = samples.row("", len(drawn), items, found, reference, seen)
    return {"distance": row["fcd"], "unique": len(items.forms) / len(items.valid), "novel": row["novel"]}


def judged_expressions(of: Subject, drawn: list[str]) -> Row:
    """The distance between lengths of derivations, unique, novel."""
    found = gr.evaluate(drawn, of.data.valid[: len(drawn)], of.model.run.seen, "expressions")
    return {"distance": found["steps_w1"], "unique": found["unique"], "novel": found["novel"]}


def judged_images(of: Subject, drawn: NDArray[np.uint8]) -> Row:
    """The distance of features alone: hardly any two images are equal."""
    features = network("classifier").of
    real = of.model.run.codec.decode(of.model.rows_known(of.data.valid[: len(drawn)])[0])
    return {"distance": frechet(features(drawn), features(real)), "unique": None, "novel": None}


JUDGES: dict[str, Callable[[Subject, Any], Row]] = {
    "molecules": judged_molecules,
    "expressions": judged_expressions,
    "mnist": judged_images,
}


def whole(of: Subject, density: str, n: int, seed: int) -> float | None:
    """The share of expressions that end without a step budget, None of other data."""
    if of.model.task != "expressions":
        return None
    drawn = of.model.generate(n, density=density, seed=seed, budget=False, raw=True)
    return float(np.mean([text != "" for text in drawn]))


def fitted(of: Subject, name: str, seed: int) -> Row:
    """A density fitted and kept in the model by its name: what that took, and how well it fits held-out codes."""
    kind, settings = DENSITIES[name]
    deviation = float(np.sqrt(of.train.var(0).mean()))
    settings = {k: v * deviation if k in WIDTHS else v for k, v in settings.items()}
    begun = time.perf_counter()
    density = of.model.fit_density(kind, of.train, seed, name=name, **settings)
    seconds = time.perf_counter() - begun
    with torch.no_grad():
        nats = density().log_prob(torch.as_tensor(of.valid)).double()
    size = len(pack_weights(density.state_dict(), {"kind": kind}))
    return {
        "nats": nats.mean().item(),
        "error": nats.std().item() / len(nats) ** 0.5,
        "exact": density().exact,
        "seconds": seconds,
        "kilobytes": size / 1000,
    }


def measure(load: Callable[[], Subject], data: str, name: str, seed: int, n: int) -> Row:
    """One row: a density, or codes of items."""
    of = load()
    if name == "held-out":
        return {"nearer": nearer(of.valid, of.train)}
    if name == "training":
        z = of.train[permutation(len(of.train), seed)[:n]]
        return {"nearer": nearer(z, of.train), **JUDGES[data](of, of.model.decode(z, seed=seed))}
    row = fitted(of, name, seed)
    row["nearer"] = nearer(of.model.sample_codes(n, name, seed), of.train)
    row |= JUDGES[data](of, of.model.generate(n, density=name, seed=seed))
    return row | {"whole": whole(of, name, n, seed)}


def table(rows: list[Row]) -> str:
    """One line a density, means over seeds; shares in percent."""
    lines = []
    for name in dict.fromkeys(row["density"] for row in rows):
        own = [row for row in rows if row["density"] == name]
        every = {key: [row.get(key) for row in own] for key in own[0]}
        nats = spread(every.get("nats", [None]))
        if name not in CODES:
            nats = f"{'' if own[0]['exact'] else '≥ '}{nats}" + f" ± {own[0]['error']:.2f}" * (len(own) == 1)
        cells = [name, nats, spread(every.get("distance", [None]), 3)]
        for key in ("unique", "novel", "whole", "nearer"):
            cells.append(spread([v if v is None else 100 * v for v in every.get(key, [None])], 1))
        lines.append(cells + [spread(every.get(key, [None]), 0) for key in ("seconds", "kilobytes")])
    return markdown(
        ["density", "nats", "distance", "unique", "novel", "whole", "nearer", "seconds", "kB"], lines
    )


def main() -> None:
    warnings.filterwarnings("ignore")
    parser = resumed.parser(__doc__, seeds=1)
    parser.add_argument("--data", nargs="+", default=list(JUDGES), choices=JUDGES)
    parser.add_argument("--only", nargs="+", default=[*CODES, *DENSITIES], choices=[*CODES, *DENSITIES])
    for data, model in SHIPPED.items():
        parser.add_argument(
            f"--{data}", default=model, metavar="MODEL", help="a shipped model or a run folder"
        )
    parser.add_argument("-n", type=int, default=10_000, help="samples of a density")
    parser.add_argument(
        "--codes", type=int, default=50_000, help="training codes that densities are fitted on"
    )
    parser.add_argument("--held-out", type=int, default=2000, help="validation codes they are judged by")
    options = parser.parse_args()
    settings = set_up(options, "data", "only")
    for data in options.data:
        of = cache(partial(subject, data, options))  # not loaded where every row is there
        rows = []
        for seed in range(options.seeds):
            for name in options.only:
                label = f"{data}-{name}-{seed}"
                made = partial(measure, of, data, name, seed, options.n)
                rows.append({**kept(options.out, label, settings, made), "density": name})
        print(
            f"\n{data}: {options.codes:,} codes, {options.n:,} samples, {options.seeds} seeds\n\n{table(rows)}"
        )


if __name__ == "__main__":
    main()
