"""The literature's stochastic protocols: encodings × decodings of items, and points of a density × decodings.

Kusner et al. (Grammar VAE, ICML 2017) and the papers that compare with them: reconstruction is the share of all
decodings equal to the item they began with, 10 encodings an item and 100 decodings each; prior validity is the
share of valid decodings, 100 each of 1,000 points of N(0, I). Equal means the same canonical form, not the same
spelling. A deterministic encoder has one code an item: its encodings collapse to one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from grammar_rae import datasets
from grammar_rae.codecs import GrammarCodec
from grammar_rae.distributions.codes import Point
from grammar_rae.errors import DataError
from grammar_rae.files import read
from grammar_rae.generation import BATCH, decoded
from grammar_rae.machines.machine import EVERYTHING, Masks
from grammar_rae.model import Model
from grammar_rae.noise import Noise
from grammar_rae.progress import Report, silent
from grammar_rae.samples import reconstruction, task_of

Numbers = dict[str, float | None]
ITEMS = 5000  # held-out items of a model's own data, as in the papers


def pair(first: int | None, second: int | None, published: tuple[int, int]) -> tuple[int, int] | None:
    """Both counts where one is given, the other as published; None where neither is."""
    if first is None and second is None:
        return None
    return published[0] if first is None else first, published[1] if second is None else second


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

    The rows are those of `samples.reconstruction` and `share`, 0 to 1: of the item's encodings × decodings those that
    are it again, 0 where the model cannot read it. The numbers are n, covered, reconstructed (one encoding, the
    likeliest string), `reconstructed_stochastic` (the mean of `share`; higher is better), encodings and decodings.
    Every draw depends on the seed, the item's place among the valid ones, and the numbers of its encoding and
    decoding alone.
    ValueError for fewer than one encoding or decoding, or no temperature; DataError where no item is valid.
    """
    _check(encodings, decodings, temperature)
    report("reconstructing", 0.0)
    frame, numbers = reconstruction(model, list(items))
    valid = frame["item"].tolist()
    wanted = model.same(valid)
    x, known, _ = model.rows_known(valid)
    encoder = model.run.autoencoder.encoder
    hits = np.zeros(len(valid))
    with torch.no_grad():
        if known and isinstance(encoder(torch.as_tensor(x[:1]).to(model.device)), Point):
            encodings = 1
        together = max(1, BATCH // encodings)
        for begin in range(0, len(known), together):
            q = encoder(torch.as_tensor(x[begin : begin + together]).to(model.device))
            places = torch.tensor(known[begin : begin + together], device=model.device)
            index = torch.arange(encodings, device=model.device)[:, None] + places * encodings
            z = torch.cat([q.sample(Noise(seed, row)) for row in index])  # (encodings × items, D)
            owners = places.tolist() * encodings
            tally: Counter[tuple[int, str]] = Counter()
            for texts in _decoded(model, z, masks, index.flatten(), decodings, temperature, seed):
                tally.update((i, text) for i, text in zip(owners, texts, strict=True) if text is not None)
            distinct = list({text for _, text in tally})
            forms = dict(zip(distinct, model.same(distinct), strict=True))
            for (place, text), count in tally.items():
                hits[place] += count * (forms[text] == wanted[place])
            report("reconstructing", min(begin + together, len(known)) / len(known))
    frame["share"] = hits / (encodings * decodings)
    share = float(frame["share"].mean())
    return frame, numbers | {
        "reconstructed_stochastic": share,
        "encodings": encodings,
        "decodings": decodings,
    }


def reconstruct_file(
    name: str,
    path: str,
    column: str | None,
    device: str,
    report: Report,
    counts: tuple[int, int] | None = None,
    *,
    revisions: int = 0,
    seed: int = 0,
    draws: Mapping[str, Any],
) -> tuple[pd.DataFrame, Numbers]:
    """`samples.reconstruction` of a file's items; with (encodings, decodings) `reconstruction_stochastic`,
    which `draws` belong to.

    DataError for both at once, since the draws of that protocol are not revised.
    """
    if counts is not None and revisions:
        raise DataError("encodings and decodings are drawn, not revised; leave out one of the two")
    model = Model.load(name, device)
    report("reading", 0.0)
    items = read(path, column).values
    if counts is None:
        return reconstruction(model, items, seed=seed, revisions=revisions)
    return reconstruction_stochastic(model, items, *counts, seed=seed, report=report, **draws)


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
    are those of `Model.sample_codes` under the same seed. ValueError as `reconstruction_stochastic`.
    """
    _check(points, decodings, temperature)
    task = task_of(model)
    valid = 0
    distinct: set[str] = set()
    with torch.no_grad():
        for first in range(0, points, BATCH):
            noise = Noise.first(seed, min(BATCH, points - first), first, model.device)
            z = model.density(density)().sample(noise)
            tally = Counter(
                text
                for texts in _decoded(model, z, masks, noise.index, decodings, temperature, seed)
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
        data = datasets.load(model.recipe.data.name)
        items = (data.test or data.valid)[:ITEMS]
        found = reconstruction_stochastic(model, items, *reconstruct, seed=seed, report=report)[1]
        numbers |= {
            "reconstructed_stochastic": found["reconstructed_stochastic"],
            "reconstructed_stochastic_items": found["n"],
            "reconstructed_stochastic_encodings": found["encodings"],
            "reconstructed_stochastic_decodings": found["decodings"],
        }
    if prior is not None:
        for density in dict.fromkeys(["prior", model.recipe.density.default]):
            for name, masks in _masks(model).items():
                found = validity_stochastic(
                    model, *prior, density=density, seed=seed, masks=masks, report=report
                )
                numbers[f"valid{name}_{density}_stochastic"] = found["valid"]
                if not name:
                    numbers[f"unique_{density}_stochastic"] = found["unique"]
        numbers |= {"stochastic_points": prior[0], "stochastic_decodings": prior[1]}
    return numbers


def card(model: Model, metrics: Mapping[str, Any]) -> list[str]:
    """Lines for a model's card, none where no protocol was measured."""
    lines = []
    if "reconstructed_stochastic" in metrics:
        encodings, decodings = (metrics[f"reconstructed_stochastic_{k}"] for k in ("encodings", "decodings"))
        once = " (its encoder is deterministic: more encodings would be the same)" if encodings == 1 else ""
        lines += [
            f"Stochastic reconstruction of {metrics['reconstructed_stochastic_items']:,} held-out items, "
            f"{encodings} encoding{'s' * (encodings > 1)} of each{once} and {decodings} decodings of that: "
            f"{100 * metrics['reconstructed_stochastic']:.2f} %.",
            "",
        ]
    densities = [d for d in model.densities if f"valid_{d}_stochastic" in metrics]
    if densities:
        names = ("valid", "unique", "valid_without_budget", "valid_by_syntax")
        heads = [name for name in names if f"{name}_{densities[0]}_stochastic" in metrics]
        lines += [
            f"{metrics['stochastic_points']:,} points of a density, {metrics['stochastic_decodings']} decodings each:",
            "",
            "| density | " + " | ".join(h.replace("_", " ") for h in heads) + " |",
            "|---" * (len(heads) + 1) + "|",
        ]
        for density in densities:
            cells = [metrics.get(f"{h}_{density}_stochastic") for h in heads]
            lines.append(
                f"| {density} | " + " | ".join("–" if c is None else f"{100 * c:.2f} %" for c in cells) + " |"
            )
        lines.append("")
    return lines


def _masks(model: Model) -> dict[str, Masks]:
    """What is enforced, by the middle of a metric's name."""
    found = {"": EVERYTHING}
    if isinstance(model.run.codec, GrammarCodec) and model.recipe.decoder.budget != "always":
        found["_without_budget"] = Masks(budget=False)
    if model.recipe.decoder.machine != "syntax":
        found["_by_syntax"] = Masks(semantics=False)
    return found


def _decoded(
    model: Model, z: Tensor, masks: Masks, index: Tensor, decodings: int, temperature: float, seed: int
) -> Iterator[list[str | None]]:
    """The texts of codes z (B, D), once for each decoding; decoding d of code number i is draw i × decodings + d."""
    p = decoded(model, z, masks)
    for d in range(decodings):
        x = p.sample(Noise(seed, index * decodings + d), temperature)
        yield model.run.codec.decode(x.cpu().numpy())


def _check(first: int, second: int, temperature: float) -> None:
    if min(first, second) < 1:
        raise ValueError(f"{first} × {second} draws asked for; expected 1 or more of each")
    if temperature <= 0:
        raise ValueError(f"temperature {temperature}; expected more than 0: these protocols draw at random")
