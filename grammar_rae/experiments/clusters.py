"""How well the mixtures of a model's prior cluster held-out items, rung by rung, and what each component writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from grammar_rae.distributions.mixtures import RungMixture
from grammar_rae.evaluation.clustering import accuracy, majority_accuracy, mutual_information
from grammar_rae.experiments.assessment import Numbers
from grammar_rae.model.components import mixtures
from grammar_rae.model.model import Model
from grammar_rae.noise import Noise

TRIES = 10  # beginnings of k-means and of the mixture that it is compared with
MOST = 10  # components of a picture, those that most codes belong to


@torch.no_grad()
def assigned(model: Model, prior: RungMixture, codes: NDArray[np.floating]) -> list[NDArray[np.int64]]:
    """The likeliest component (n,) of codes (n, latent), one array a rung."""
    z = torch.as_tensor(codes).to(model.device)
    return [shares.argmax(1).cpu().numpy() for shares in prior.responsibilities(z)]


def cluster_numbers(
    model: Model, codes: NDArray[np.floating], labels: NDArray[np.integer] | None, seed: int
) -> Numbers:
    """Agreement of each rung's components with the classes `labels` (n,) of codes (n, latent), and that of k-means and
    of a Gaussian mixture on the whole codes, with as many clusters as there are classes and as a rung has components.
    Nothing without either.
    """
    prior = mixtures(model)
    if prior is None or labels is None:
        return {}
    found = {f"rung_{i}": parts for i, parts in enumerate(assigned(model, prior, codes), 1)}
    return agreement(labels, found | clusters_of(codes, counts(prior, labels), seed))


def counts(prior: RungMixture, labels: NDArray[np.integer]) -> list[int]:
    """How many clusters a rung's components are fairly compared with: as many as classes, and as components."""
    return sorted({len(np.unique(labels)), *(len(rung.weights) for rung in prior.rungs)})


def clusters_of(
    codes: NDArray[np.floating], numbers: Sequence[int], seed: int
) -> dict[str, NDArray[np.integer]]:
    """Clusters of codes (n, latent), each (n,), of every number: k-means, and a mixture of full covariances."""
    from sklearn.cluster import KMeans
    from sklearn.mixture import GaussianMixture

    found, z = {}, codes.astype(np.float64)
    for number in (n for n in numbers if n <= len(codes)):
        found[f"kmeans_{number}"] = KMeans(number, n_init=TRIES, random_state=seed).fit_predict(z)
        mixture = GaussianMixture(number, n_init=TRIES, reg_covar=1e-4, random_state=seed)
        found[f"gmm_{number}"] = mixture.fit_predict(z)
    return found


def agreement(labels: NDArray[np.integer], found: Mapping[str, NDArray[np.integer]]) -> Numbers:
    """How well clusters (n,) agree with classes `labels` (n,), in three measures, by the clusters' name."""
    measures = {
        "clustering_accuracy": accuracy,
        "majority_accuracy": majority_accuracy,
        "clustering_nmi": mutual_information,
    }
    return {
        f"{measure}_{name}": between(labels, parts)
        for measure, between in measures.items()
        for name, parts in found.items()
    }


def cluster_lines(metrics: Numbers) -> list[str]:
    """What a model's card says of those numbers among its metrics."""
    first = "clustering_accuracy_"
    names = [name.removeprefix(first) for name in metrics if name.startswith(first)]
    if not names:
        return []
    parts = [
        f"{name.replace('_', ' ')} {100 * metrics[first + name]:.2f} % "
        f"({100 * metrics[f'majority_accuracy_{name}']:.2f} % by majority)"
        for name in names
    ]
    return [
        "Share of test items whose cluster is given to their class, a class one cluster at most (by majority: any "
        f"number): {', '.join(parts)}; k-means and the mixture on the whole codes."
    ]


def component_items(
    model: Model, prior: RungMixture, codes: NDArray[np.floating], rung: int, each: int, seed: int
) -> dict[int, Any]:
    """Of every component of a rung (from 0), at most 10 and those that most codes (n, latent) belong to, `each` items,
    by the component's number, from 1.

    The other rungs are drawn from the prior, alike for every component: items one below the other differ by the
    component alone.
    """
    counts = np.bincount(assigned(model, prior, codes)[rung], minlength=len(prior.rungs[rung].weights))
    components = np.sort(np.argsort(-counts, kind="stable")[:MOST])
    z = [
        prior.sample_of(rung, int(component), Noise.first(seed, each, 0, model.device)).cpu().numpy()
        for component in components
    ]
    items = model.decode(np.concatenate(z))
    return {
        int(component) + 1: items[place * each : (place + 1) * each]
        for place, component in enumerate(components)
    }


def component_lists(
    model: Model, codes: NDArray[np.floating], each: int, seed: int
) -> dict[str, dict[str, list[str]]]:
    """Strings of `component_items` by title, one a rung, and component; nothing of a prior without components."""
    prior = mixtures(model)
    if prior is None:
        return {}
    return {
        f"rung {rung + 1}: items of every component": {
            f"component {number}": list(items)
            for number, items in component_items(model, prior, codes, rung, each, seed).items()
        }
        for rung in range(len(prior.rungs))
    }
