"""Drawing items from a trained model, a batch at a time: codes of a density, decoded; the share kept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from grammar_rae.chance import DRAWS
from grammar_rae.limits.ranges import within
from grammar_rae.machines.machine import EVERYTHING, Masks
from grammar_rae.memory import require
from grammar_rae.model.completion import Prefix
from grammar_rae.model.components import component_codes
from grammar_rae.model.decoding import batch_size, decoded, masked, spelled, symbols
from grammar_rae.model.densities import own_noise, smoothed
from grammar_rae.noise import Noise
from grammar_rae.parallel import overlapped
from grammar_rae.progress import Report

if TYPE_CHECKING:
    from grammar_rae.model.model import Model

BESIDE = 1000  # bytes: a string, its canonical form, and its row in a table


@dataclass(frozen=True)
class Sampling:
    """How items are drawn; `Model.generate` explains each. ValueError for numbers out of range."""

    density: str | None = None
    temperature: float | None = None
    seed: int = 0
    masks: Masks = EVERYTHING
    keep: float = 1.0
    start: str | None = None
    unique: bool = False
    raw: bool = False
    rung: int | None = None
    component: int | None = None
    noise: float | None = None

    def __post_init__(self) -> None:
        numbers = {"rung": self.rung, "component": self.component}
        within(temperature=self.temperature, noise=self.noise, seed=self.seed, keep=self.keep, **numbers)
        if (self.rung is None) != (self.component is None):
            raise ValueError("a rung and a component go together, such as rung 2 and component 3")
        if self.component is not None and (self.start is not None or self.density not in (None, "prior")):
            raise ValueError(
                "a component belongs to the prior alone; leave out the density and the beginning"
            )


@dataclass(frozen=True)
class Drawn:
    """Items as a user has them, and one entry for each of them where that is known: its canonical form, None where it
    is not valid; and its log feasible mass, nats.
    """

    items: Any
    forms: list[str | None] | None = None
    mass: list[float] | None = None


def draw(model: Model, n: int, sampling: Sampling, progress: Report, mass: bool = False) -> Drawn:
    """n items, each in the one spelling of equal items unless raw, with their feasible `mass` where asked for."""
    within(n=n)
    task = model.run.task
    one = math.prod(np.shape(model.run.codec.decode(model.run.codec.encode([])))[1:])
    require(n * (BESIDE + 4 * one), f"{n:,} {task.medium.word}s")
    spelling = None if sampling.raw else task.spelling
    draws = math.ceil((DRAWS * n if sampling.unique else n) / sampling.keep)
    masses: list[float] | None = [] if mass else None
    parts = (task.medium.finished(part) for part in codec_items(model, draws, sampling, masses))
    pairs: list[tuple[Any, str | None]] = []
    first: dict[str, int] = {}  # where each distinct item came first
    for part in _unspelled(parts) if spelling is None else overlapped(partial(spelled, spelling), parts):
        if sampling.unique:
            for place, (item, _) in enumerate(part, len(pairs)):
                if key := task.medium.key(item):
                    first.setdefault(key, place)
        pairs += part
        count = len(first) if sampling.unique else len(pairs)
        progress("generating", min(count / n, 1.0))
        if count >= n:
            break
    chosen = list(first.values() if sampling.unique else range(len(pairs)))[:n]
    forms = None if spelling is None else [pairs[i][1] for i in chosen]
    return Drawn(
        task.medium.join([pairs[i][0] for i in chosen]),
        forms,
        None if masses is None else [masses[i] for i in chosen],
    )


def _unspelled(parts: Iterable[list[Any]]) -> Iterator[list[tuple[Any, None]]]:
    return ([(item, None) for item in part] for part in parts)


def codec_items(
    model: Model, draws: int, sampling: Sampling, masses: list[float] | None = None
) -> Iterator[Sequence[Any]]:
    """What the codec makes of `draws` codes, as written, a batch at a time.

    The log feasible mass of each is appended to `masses` where given.
    """
    sigma = own_noise(model, sampling.noise)
    prefix = (
        None
        if sampling.start is None
        else Prefix(model, sampling.start, sampling.density, sampling.seed, sampling.masks, sigma)
    )
    size = batch_size(model)
    temperature = model.recipe.density.temperature if sampling.temperature is None else sampling.temperature
    for first in range(0, draws, size):
        noise = Noise.first(sampling.seed, min(size, draws - first), first, model.device)
        with torch.no_grad():
            if prefix is None:
                z, rules = smoothed(_codes(model, sampling, noise), sigma, noise), None
            else:
                z, rules = prefix.codes(noise), prefix.rules
            p = decoded(model, z, sampling.masks, sigma)
            x = symbols(p, noise, temperature, rules)
            if sampling.keep < 1 or masses is not None:
                mass = masked(model, p).log_feasible(x)
                rows = _most_feasible(mass, sampling.keep)
                x = x[rows]
                if masses is not None:
                    masses += mass[rows].tolist()
        yield model.run.codec.decode(x.cpu().numpy())


def _codes(model: Model, sampling: Sampling, noise: Noise) -> Tensor:
    if sampling.rung is not None and sampling.component is not None:
        return component_codes(model, sampling.rung, sampling.component, noise)
    return model.density(sampling.density)().sample(noise)


def _most_feasible(mass: Tensor, keep: float) -> Tensor:
    """The indices, in order, of the share `keep` with the largest mass (B,)."""
    return mass.topk(max(1, math.ceil(keep * len(mass)))).indices.sort().values
