"""Models of images, measured by distances from test images.

The protocol of the RAE paper's text (Ghosh et al. 2020, section 5): reconstructions of the test set, samples under
each density and mid-points between codes of test images, each set as large as the test set or `n`, compared with
the test set itself. The published code's overlap of validation and training images is not copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from grammar_rae import datasets
from grammar_rae.chance import permutation
from grammar_rae.errors import DataError
from grammar_rae.evaluation.images.features import network
from grammar_rae.evaluation.images.metrics import Curve, frechet, precision_recall, squared_error
from grammar_rae.experiments.assessment import Assessed, Numbers, Plan, Reading, Reconstructed
from grammar_rae.experiments.card import origin, row
from grammar_rae.experiments.clusters import cluster_lines, cluster_numbers, component_items
from grammar_rae.experiments.latent import latent_lines, latent_numbers
from grammar_rae.experiments.rungs import varied_items
from grammar_rae.model.components import mixtures
from grammar_rae.model.model import Model
from grammar_rae.model.sampling import Drawn
from grammar_rae.progress import Report

SHOWN = 20  # images a picture
VARIED = 4  # test images of which rungs are drawn anew
LIKELIHOOD_ITEMS, LIKELIHOOD_DRAWS = 200, 100


@dataclass(frozen=True)
class ImageSets:
    """Test images (n, S, S, C) as the model sees them, their places in the test set, their rows, codes (n, latent), and
    sets as large to compare with them: `reconstruction`, `interpolation` (mid-points between the codes of pairs), and
    samples by density.
    """

    real: NDArray[np.uint8]
    places: Sequence[int]
    rows: NDArray[np.integer]
    codes: NDArray[np.float32]
    sets: dict[str, NDArray[np.uint8]]


class Distances:
    """Fréchet distances on the features of a network, precision and recall, errors, and pictures of each."""

    def measure(self, model: Model, plan: Plan, progress: Report) -> Assessed:
        """DataError where the data is not at hand, and for protocols that count equal items."""
        _refuse(plan.reconstruct or plan.prior)
        features = network(plan.features)
        dataset = datasets.load(model.recipe.data.name, model.recipe.data.column)
        test, labels = dataset.test[: plan.n], dataset.labels.get("test")
        if len(test) < 2:
            raise DataError(f"{model.recipe.data.name} holds {len(test)} test images; expected two or more")
        images = image_sets(model, test, model.densities, plan.seed, progress)
        numbers: Numbers = {
            "test_images": len(images.real),
            "squared_error": squared_error(images.real, images.sets["reconstruction"]),
        }
        by_set: dict[str, Numbers] = {features.name: {}, "f8": {}, "f_eighth": {}}
        curves: dict[str, Curve] = {}
        real = features.of(images.real)
        for i, (name, drawn) in enumerate(images.sets.items()):
            progress(f"comparing {name}", 0.7 + 0.3 * i / len(images.sets))
            of_set = features.of(drawn)
            by_set[features.name][name] = frechet(of_set, real)
            if name in model.densities:
                curve = precision_recall(of_set, real, plan.seed)
                by_set["f8"][name] = None if curve is None else curve.f8
                by_set["f_eighth"][name] = None if curve is None else curve.f_eighth
                if curve is not None:
                    curves[name] = curve
        progress("log-likelihood", 1.0)
        numbers |= latent_numbers(model, images.rows, plan.likelihood, plan.seed)
        known = None if labels is None else labels[images.places]
        numbers |= cluster_numbers(model, images.codes, known, plan.seed)
        if plan.likelihood is None and model.stochastic:
            bounds = model.log_likelihood(test[:LIKELIHOOD_ITEMS], LIKELIHOOD_DRAWS, plan.seed)
            numbers["log_likelihood"] = float(bounds.mean())
        numbers |= {
            f"{measure}_{name}": x for measure, values in by_set.items() for name, x in values.items()
        }
        own_density = images.sets[model.default_density]
        return Assessed(
            model, Drawn(own_density), numbers, numbers, _pictures(model, images, plan.seed), curves
        )

    def lines(self, model: Model, plan: Plan) -> list[str]:
        """A table of the sets, the error and the likelihood."""
        recipe, metrics = model.recipe, model.run.metrics
        distance = network(plan.features).name
        lines = [
            origin(model, "images"),
            "",
            f"Measured by `grammar-rae evaluate {recipe.name} -n {plan.n} --seed {plan.seed} "
            f"--features {plan.features}` against {metrics['test_images']:,} test images. {meaning(distance)}",
            "",
            row("set", distance.replace("_", " "), "F8", "F1/8"),
            "|---|---|---|---|",
        ]
        for name in ("reconstruction", "interpolation", *model.densities):
            cells = [metrics.get(f"{measure}_{name}") for measure in (distance, "f8", "f_eighth")]
            lines.append(row(name, *("–" if cell is None else f"{cell:.3f}" for cell in cells)))
        lines += ["", f"Summed squared error of a reconstruction: {metrics['squared_error']:.3f}."]
        if plan.likelihood is None and "log_likelihood" in metrics:
            lines.append(
                f"Log-likelihood by importance sampling with {LIKELIHOOD_DRAWS} draws: "
                f"{metrics['log_likelihood']:.2f} nats per image, {LIKELIHOOD_ITEMS} test images at most, a lower "
                "bound in expectation."
            )
        return [*lines, *latent_lines(metrics, plan.likelihood is not None), *cluster_lines(metrics)]

    def reconstruct(
        self, model: Model, items: Sequence[Any], reading: Reading, progress: Report
    ) -> Reconstructed:
        """With the squared error; unreadable images are left out."""
        _refuse(reading.counts)
        x, places, rejected = model.rows_known(items)
        if not places:
            raise DataError(f"none of the images can be read; the first: {rejected[0][1]}")
        decoded = model.decode(model.codes(x), seed=reading.seed, revisions=reading.revisions)
        error = squared_error(model.run.codec.decode(x), decoded)
        numbers = {"n": len(places), "rejected": len(rejected), "squared_error": error}
        return Reconstructed(decoded, None, numbers)


DISTANCES = Distances()


def image_sets(
    model: Model, test: Sequence[Any], densities: Sequence[str], seed: int, progress: Report
) -> ImageSets:
    """The test images that can be read, and every set to compare with them."""
    x, places, _ = model.rows_known(test)
    progress("reconstructing", 0.1)
    codes = model.codes(x)
    left, right = partners(len(places), seed)
    sets = {
        "reconstruction": model.decode(codes, seed=seed),
        "interpolation": model.decode((codes[left] + codes[right]) / 2, seed=seed),
    }
    for i, density in enumerate(densities):
        progress(f"sampling {density}", 0.2 + 0.5 * i / len(densities))
        sets[density] = model.generate(len(places), density=density, seed=seed)
    return ImageSets(model.run.codec.decode(seen(model, x)), places, x, codes, sets)


def seen(model: Model, x: NDArray[np.integer]) -> NDArray[np.integer]:
    """Rows as the recipe's view has them where nothing is drawn: two-level of binarised images, else as they are."""
    viewed = model.run.autoencoder.view(torch.as_tensor(x), 0.5)
    return x if viewed.is_floating_point() else viewed.numpy()


def partners(count: int, seed: int) -> NDArray[np.int64]:
    """(2, count): each item and the one it is paired with, in a random order."""
    order = permutation(count, seed)
    return np.stack([order, np.roll(order, 1)])


def meaning(distance: str) -> str:
    """What a distance is one of."""
    if distance == "fid":
        return "`fid`: Fréchet distance on the standard Inception network's features."
    if distance == "frechet_classifier":
        return "`frechet_classifier`: Fréchet distance on our own small classifier's features; it is no FID."
    return f"`{distance}`: Fréchet distance on the features of the given network; it is no FID."


def _pictures(model: Model, images: ImageSets, seed: int) -> dict[str, NDArray[np.uint8]]:
    """Reconstructions below their originals, a line between two codes, samples of every density."""
    real, half = images.real, SHOWN // 2
    pairs = np.stack([real[:half], images.sets["reconstruction"][:half]])
    first, last = images.codes[partners(len(real), seed)[:, 0]]
    steps = np.linspace(0, 1, half, dtype=np.float32)[:, None]
    return {
        "reconstructions, below the test images": pairs.reshape(-1, *real.shape[1:]),
        "a line between two codes": model.decode((1 - steps) * first + steps * last),
        **{f"samples, {density}": images.sets[density][:SHOWN] for density in model.densities},
        **_components(model, images, seed),
        **varied_items(model, images.codes[:VARIED], half, seed),
    }


def _components(model: Model, images: ImageSets, seed: int) -> dict[str, NDArray[np.uint8]]:
    """Of a prior of mixtures one picture a rung, two rows of every component."""
    prior = mixtures(model)
    rungs = 0 if prior is None else len(prior.rungs)
    return {
        f"rung {rung + 1}: every component in a row": np.concatenate(
            list(component_items(model, prior, images.codes, rung, SHOWN // 2, seed).values())
        )
        for rung in range(rungs)
        if prior is not None
    }


def _refuse(counts: Any) -> None:
    if counts:
        raise DataError(
            "encodings and decodings count items that come back equal; images come back with an error"
        )
