"""Measured numbers of a trained image model, and what its page shows.

The protocol of the RAE paper's text (Ghosh et al. 2020, section 5): reconstructions of the test set, samples under
each density and mid-points between codes of test images, each set as large as the test set or `n`, compared with
the test set itself. The published code's overlap of validation and training images is not copied.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grammar_rae import datasets, runs
from grammar_rae.atomic import write_bytes
from grammar_rae.chance import permutation
from grammar_rae.errors import DataError
from grammar_rae.evaluators.features import Features, network
from grammar_rae.evaluators.image_pictures import Shown, page
from grammar_rae.evaluators.images import frechet, precision_recall, squared_error
from grammar_rae.model import Model
from grammar_rae.origin import origin
from grammar_rae.progress import Report

SHOWN = 20  # images a picture
LIKELIHOOD_ITEMS, LIKELIHOOD_DRAWS = 200, 100


def measure_runs(
    names: Sequence[str], n: int, seed: int, report: Report, features: str, out: Path | None, device: str
) -> list[dict[str, Any]]:
    """`measure` of every run, kept in its metrics.json and CARD.md; all on one page at `out`."""
    strange = next((name for name in names if not runs.draws_images(name)), None)
    if strange is not None:
        raise DataError(f"{strange} writes strings, others here draw images; evaluate them apart")
    net = network(features)
    shown = []
    for name in names:
        model = Model.load(name, device)
        found = measure(model, n, seed, net, report)
        folder = runs.find(name)
        model.run.metrics |= found.flat()
        runs.replace(folder / "metrics.json", json.dumps(model.run.metrics, indent=2) + "\n")
        runs.replace(folder / "CARD.md", card(model, found, n, seed, features))
        shown.append(found)
    if len({found.name for found in shown}) < len(shown):  # of one recipe
        for name, found in zip(names, shown, strict=True):
            found.name = name
    if out is not None:
        about = (
            f"Every set against {n:,} test images, or as many as there are; seed {seed}; {_meaning(net.name)}"
        )
        write_bytes(out, page(shown, "Image models", about).encode())
    return [found.flat() for found in shown]


def measure(model: Model, n: int, seed: int, features: Features, report: Report) -> Shown:
    """Distances, precision and recall, errors, and pictures of each. DataError where the data is not at hand."""
    test = datasets.load(model.recipe.data.name).test[:n]
    if len(test) < 2:
        raise DataError(f"{model.recipe.data.name} holds {len(test)} test images; expected two or more")
    real, sets, z = image_sets(model, test, model.densities, seed, report)
    count, back = len(real), sets["reconstruction"]
    numbers: dict[str, Any] = {"test_images": count, "squared_error": squared_error(real, back)}
    shown = Shown(model.recipe.name, numbers, {features.name: {}, "f8": {}, "f_eighth": {}})
    known = features.of(real)
    for i, (name, images) in enumerate(sets.items()):
        report(f"comparing {name}", 0.7 + 0.3 * i / len(sets))
        own = features.of(images)
        shown.sets[features.name][name] = frechet(own, known)
        if name in model.densities:
            curve = precision_recall(own, known, seed)
            shown.sets["f8"][name] = None if curve is None else curve.f8
            shown.sets["f_eighth"][name] = None if curve is None else curve.f_eighth
            if curve is not None:
                shown.curves[name] = curve
    if model.stochastic:
        report("log-likelihood", 1.0)
        likely = model.log_likelihood(test[:LIKELIHOOD_ITEMS], LIKELIHOOD_DRAWS, seed)
        numbers["log_likelihood"] = float(likely.mean())
    pairs = np.stack([real[: SHOWN // 2], back[: SHOWN // 2]])
    shown.pictures["reconstructions, below the test images"] = pairs.reshape(-1, *real.shape[1:])
    first, last = z[partners(count, seed)[:, 0]]
    steps = np.linspace(0, 1, SHOWN // 2, dtype=np.float32)[:, None]
    shown.pictures["a line between two codes"] = model.decode((1 - steps) * first + steps * last)
    for density in model.densities:
        shown.pictures[f"samples, {density}"] = sets[density][:SHOWN]
    return shown


def image_sets(
    model: Model, test: Sequence[Any], densities: Sequence[str], seed: int, report: Report
) -> tuple[NDArray[np.uint8], dict[str, NDArray[np.uint8]], NDArray[np.float32]]:
    """The test images as the model sees them, the sets of images to compare with them, each as large, by name:
    `reconstruction`, `interpolation` and samples under every one of `densities`; and the codes (n, latent).
    """
    codec = model.run.codec
    x, _, _ = codec.encode_known(test)
    count = len(x)
    report("reconstructing", 0.1)
    z = model.codes(x)
    one, other = partners(count, seed)
    sets = {"reconstruction": model.decode(z), "interpolation": model.decode((z[one] + z[other]) / 2)}
    for i, density in enumerate(densities):
        report(f"sampling {density}", 0.2 + 0.5 * i / len(densities))
        sets[density] = model.generate(count, density=density, seed=seed)
    return codec.decode(x), sets, z


def partners(count: int, seed: int) -> NDArray[np.int64]:
    """(2, count): each item and the one it is paired with, in a random order."""
    order = permutation(count, seed)
    return np.stack([order, np.roll(order, 1)])


def card(model: Model, found: Shown, n: int, seed: int, features: str) -> str:
    """What the model is and what was measured, with the command that measures it again."""
    recipe, numbers = model.recipe, found.numbers
    distance = network(features).name
    lines = [
        f"# {recipe.name}",
        "",
        recipe.about,
        "",
        origin(model, "images"),
        "",
        f"Measured by `grammar-rae evaluate {recipe.name} -n {n} --seed {seed} --features {features}` against "
        f"{numbers['test_images']:,} test images. {_meaning(distance)}",
        "",
        f"| set | {distance.replace('_', ' ')} | F8 | F1/8 |",
        "|---|---|---|---|",
    ]
    for name in ("reconstruction", "interpolation", *model.densities):
        cells = [found.sets[measure].get(name) for measure in (distance, "f8", "f_eighth")]
        lines.append(f"| {name} | " + " | ".join("–" if c is None else f"{c:.3f}" for c in cells) + " |")
    lines += ["", f"Summed squared error of a reconstruction: {numbers['squared_error']:.3f}."]
    if "log_likelihood" in numbers:
        lines.append(
            f"Log-likelihood by importance sampling with {LIKELIHOOD_DRAWS} draws: {numbers['log_likelihood']:.2f} "
            f"nats per image, {LIKELIHOOD_ITEMS} test images at most, a lower bound in expectation."
        )
    return "\n".join([*lines, ""])


def _meaning(distance: str) -> str:
    if distance == "fid":
        return "`fid`: Fréchet distance on the standard Inception network's features."
    if distance == "frechet_classifier":
        return "`frechet_classifier`: Fréchet distance on our own small classifier's features; it is no FID."
    return f"`{distance}`: Fréchet distance on the features of the given network; it is no FID."
