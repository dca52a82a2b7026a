"""The literature's stochastic protocols: encodings × decodings of items, and points of a density × decodings.

Kusner et al. (Grammar VAE, ICML 2017) and the papers that compare with them: reconstruction is the share of all
decodings equal to the item they began with, 10 encodings an item and 100 decodings each; prior validity is the
share of valid decodings, 100 each of 1,000 points of N(0, I). Equal means the same canonical form, not the same
spelling. A deterministic encoder has one code an item: its encodings collapse to one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from grammar_rae import datasets
from grammar_rae.distributions.interfaces import Posterior
from grammar_rae.distributions.posteriors import Point
from grammar_rae.errors import DataError, excerpt
from grammar_rae.limits.ranges import within
from grammar_rae.machines.machine import EVERYTHING, Masks
from grammar_rae.model.decoding import BATCH, decoded, has_budget, has_semantics
from grammar_rae.model.densities import own_noise, smoothed
from grammar_rae.model.model import Model
from grammar_rae.noise import Noise
from grammar_rae.progress import Report, silent

Numbers = dict[str, Any]
ITEMS = 5000  # held-out items of a model's own data, as in the papers


def reconstruction(
    model: Model, items: Sequence[str], temperature: float = 0.0, seed: int = 0, revisions: int = 0
) -> tuple[pd.DataFrame, Numbers]:
    """(one row an item, {n, covered, reconstructed}) over every valid item; uncovered ones count as failures.

    Where there are such, `not_covered` says why of the first; `left_out` counts items that are not valid. Decoded once
    at a temperature, 0 for the likeliest, and revised as `Model.decode` says. DataError where no item is valid.
    """
    task = model.run.task
    forms = model.same(items)
    valid = [item for item, form in zip(items, forms, strict=True) if form is not None]
    wanted = [form for form in forms if form is not None]
    if not valid:
        why = f"; the first: {task.reasons(items[:1])[0]}" if len(items) else ""
        raise DataError(
            f"none of the {len(items):,} items is valid for {model.recipe.name}; expected {model.task}{why}"
        )
    decoded_items = model.reconstruct(valid, temperature=temperature, seed=seed, revisions=revisions)
    decoded_forms = model.same([text or "" for text in decoded_items])
    agrees = [a == b for a, b in zip(wanted, decoded_forms, strict=True)]
    frame = pd.DataFrame({"item": valid, "reconstruction": decoded_items, "reconstructed": agrees})
    covered = sum(text is not None for text in decoded_items)
    numbers: dict[str, Any] = {"n": len(valid), "covered": covered, "reconstructed": float(np.mean(agrees))}
    if covered < len(valid):
        place, why = model.rows_known(valid)[2][0]
        numbers["not_covered"] = f"«{excerpt(valid[place])[0]}»: {why}"
    if len(valid) < len(items):
        numbers["left_out"] = len(items) - len(valid)
        bad = items[forms.index(None)]
        numbers.setdefault("not_covered", f"«{excerpt(bad)[0]}»: {task.reasons([bad])[0]}")
    return frame, numbers


def reconstruction_stochastic(
    model: Model,
    items: Sequence[str],
    encodings: int = 10,
    decodings: int = 100,
    *,
    temperature: float = 1.0,
    seed: int = 0,
    masks: Masks = EVERYTHING,
    report: Report = silent,
) -> tuple[pd.DataFrame, Numbers]:
    """One row a valid item, and the shares over them.

    The rows are those of `reconstruction` and `share`, 0 to 1: of the item's encodings × decodings those that
    are it again, 0 where the model cannot read it. The numbers are n, covered, reconstructed (one encoding, the
    likeliest string), `reconstructed_stochastic` (the mean of `share`; higher is better), encodings and decodings.
    Every draw depends on the seed, the item's place among the valid ones, and the numbers of its encoding and
    decoding alone.
    DataError for numbers out of range, or no temperature, and where no item is valid.
    """
    within(encodings=encodings, decodings=decodings, seed=seed)
    _drawn_at(temperature)
    report("reconstructing", 0.0)
    frame, numbers = reconstruction(model, list(items))
    valid = frame["item"].tolist()
    wanted = model.same(valid)
    x, readable, _ = model.rows_known(valid)
    posterior = model.run.autoencoder.posterior
    hits = np.zeros(len(valid))
    with torch.no_grad():
        if readable and isinstance(posterior(torch.as_tensor(x[:1]).to(model.device)), Point):
            encodings = 1
        size = max(1, BATCH // encodings)
        for begin in range(0, len(readable), size):
            q = posterior(torch.as_tensor(x[begin : begin + size]).to(model.device))
            places = torch.tensor(readable[begin : begin + size], device=model.device)
            tally = _tally(model, q, places, (encodings, decodings), masks, temperature, seed)
            distinct = list({text for _, text in tally})
            forms = dict(zip(distinct, model.same(distinct), strict=True))
            for (place, text), count in tally.items():
                hits[place] += count * (forms[text] == wanted[place])
            report("reconstructing", min(begin + size, len(readable)) / len(readable))
    frame["share"] = hits / (encodings * decodings)
    share = float(frame["share"].mean())
    return frame, numbers | {
        "reconstructed_stochastic": share,
        "encodings": encodings,
        "decodings": decodings,
    }


def validity_stochastic(
    model: Model,
    points: int = 1000,
    decodings: int = 100,
    *,
    density: str = "prior",
    temperature: float = 1.0,
    seed: int = 0,
    masks: Masks = EVERYTHING,
    report: Report = silent,
) -> Numbers:
    """`valid` and `unique` of so many decodings of each of so many points of a density; both 0 to 1, higher is better.

    valid = valid / (points × decodings), unique = distinct canonical / valid, None where nothing is valid. The points
    are those of `Model.sample_codes` under the same seed, smoothed as the recipe says. ValueError as
    `reconstruction_stochastic`.
    """
    within(prior_points=points, prior_decodes=decodings, seed=seed)
    _drawn_at(temperature)
    task, sigma = model.run.task, own_noise(model, None)
    valid = 0
    distinct: set[str] = set()
    with torch.no_grad():
        for first in range(0, points, BATCH):
            noise = Noise.first(seed, min(BATCH, points - first), first, model.device)
            z = smoothed(model.density(density)().sample(noise), sigma, noise)
            tally = Counter(
                text
                for texts in _decoded(model, z, masks, noise.index, decodings, temperature, seed, sigma)
                for text in texts
                if text is not None
            )
            forms = task.canonical(list(tally))
            valid += sum(n for n, form in zip(tally.values(), forms, strict=True) if form is not None)
            distinct.update(form for form in forms if form is not None)
            report(f"decoding points of {density}", min(first + BATCH, points) / points)
    return {"valid": valid / (points * decodings), "unique": len(distinct) / valid if valid else None}


def measured(
    model: Model,
    reconstruct: tuple[int, int] | None,
    prior: tuple[int, int] | None,
    seed: int,
    report: Report,
) -> Numbers:
    """Metrics for a run folder, of the protocols that are asked for: (encodings, decodings), (points, decodings).

    Reconstruction of the first `ITEMS` held-out items of the recipe's data; DataError where it cannot be had.
    Validity under N(0, I) and under the model's own density, with all that its machine enforces; beside it
    `valid_without_budget_…`, the papers' decoder, and `valid_by_syntax_…`, where valence is not enforced.
    """
    numbers: Numbers = {}
    if reconstruct is not None:
        data = datasets.load(model.recipe.data.name, model.recipe.data.column)
        items = (data.test or data.valid)[:ITEMS]
        shares = reconstruction_stochastic(model, items, *reconstruct, seed=seed, report=report)[1]
        numbers |= {
            "reconstructed_stochastic": shares["reconstructed_stochastic"],
            "reconstructed_stochastic_items": shares["n"],
            "reconstructed_stochastic_encodings": shares["encodings"],
            "reconstructed_stochastic_decodings": shares["decodings"],
        }
    if prior is not None:
        for density in dict.fromkeys(["prior", model.default_density]):
            for name, masks in _masks(model).items():
                shares = validity_stochastic(
                    model, *prior, density=density, seed=seed, masks=masks, report=report
                )
                numbers[f"valid{name}_{density}_stochastic"] = shares["valid"]
                if not name:
                    numbers[f"unique_{density}_stochastic"] = shares["unique"]
        numbers |= {"stochastic_points": prior[0], "stochastic_decodings": prior[1]}
    return numbers


def _masks(model: Model) -> dict[str, Masks]:
    """What is enforced, by the middle of a metric's name."""
    masks = {"": EVERYTHING}
    if has_budget(model):
        masks["_without_budget"] = Masks(budget=False)
    if has_semantics(model):
        masks["_by_syntax"] = Masks(semantics=False)
    return masks


def _tally(
    model: Model,
    q: Posterior,
    places: Tensor,
    counts: tuple[int, int],
    masks: Masks,
    temperature: float,
    seed: int,
) -> Counter[tuple[int, str]]:
    """How often a string was decoded, by the place of its item and the string: of each item of q, at `places` (B,)
    among the valid ones, so many encodings and decodings of each.
    """
    encodings, decodings = counts
    index = torch.arange(encodings, device=model.device)[:, None] + places * encodings
    z = torch.cat([q.sample(Noise(seed, row)) for row in index])  # (encodings × items, D)
    owners = places.tolist() * encodings
    tally: Counter[tuple[int, str]] = Counter()
    for texts in _decoded(model, z, masks, index.flatten(), decodings, temperature, seed):
        tally.update((i, text) for i, text in zip(owners, texts, strict=True) if text is not None)
    return tally


def _decoded(
    model: Model,
    z: Tensor,
    masks: Masks,
    index: Tensor,
    decodings: int,
    temperature: float,
    seed: int,
    sigma: float = 0.0,
) -> Iterator[list[str | None]]:
    """The texts of codes z (B, D) with noise of `sigma` on them, once for each decoding; decoding d of code number i is
    draw i × decodings + d.
    """
    p = decoded(model, z, masks, sigma)
    for d in range(decodings):
        x = p.sample(Noise(seed, index * decodings + d), temperature)
        yield model.run.codec.decode(x.cpu().numpy())


def _drawn_at(temperature: float) -> None:
    """DataError for a temperature out of range, and for none."""
    within(temperature=temperature)
    if not temperature:
        raise DataError(f"temperature {temperature}; expected more than 0: these protocols draw at random")
