"""Drawing items from a trained model, a thousand at a time: codes, decoding, beginnings, the natural share."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grammar_rae.beginnings import productions, spellings
from grammar_rae.catalogue import FORMS, look_up
from grammar_rae.chance import DRAWS
from grammar_rae.codecs import GrammarCodec
from grammar_rae.errors import DataError, ParseError, RecipeError
from grammar_rae.machines.machine import EVERYTHING, Masks
from grammar_rae.noise import RESAMPLING, Noise
from grammar_rae.parallel import overlapped
from grammar_rae.progress import Report

if TYPE_CHECKING:
    from grammar_rae.model import Model

BATCH = 1000
IMAGES = 100  # decoded together on a CPU, whose caches hold the planes of no more
POOL = 20  # codes drawn for each one that a beginning keeps
SPELLINGS = 32  # spellings of a beginning that are compared


@dataclass(frozen=True)
class Draw:
    """How items are drawn; `Model.generate` explains each. ValueError for numbers out of range."""

    density: str | None = None
    temperature: float | None = None
    seed: int = 0
    masks: Masks = EVERYTHING
    keep: float = 1.0
    start: str | None = None

    def __post_init__(self) -> None:
        if self.temperature is not None and self.temperature < 0:
            raise ValueError(f"temperature {self.temperature}; expected 0 (the likeliest) or more")
        if not 0 < self.keep <= 1:
            raise ValueError(f"keep {self.keep}; expected a share above 0, 1 for all")


def collected(
    model: Model,
    n: int,
    how: Draw,
    unique: bool,
    raw: bool,
    report: Report,
    beliefs: list[float] | None = None,
) -> list[str]:
    """n strings, each in its one spelling unless `raw`; `beliefs`, where given, is filled with one number for each."""
    _counted(n)
    draws = math.ceil((DRAWS * n if unique else n) / how.keep)
    texts: list[str] = []
    first: dict[str, int] = {}  # distinct strings, and where each came first
    parts = strings(model, draws, how, beliefs)
    for part in parts if raw else overlapped(partial(finish, model.task), parts):
        for text in part:
            if text:
                first.setdefault(text, len(texts))
            texts.append(text)
        count = len(first) if unique else len(texts)
        report("generating", min(count / n, 1.0))
        if count >= n:
            break
    chosen = list(first.values() if unique else range(len(texts)))[:n]
    if beliefs is not None:
        beliefs[:] = [beliefs[i] for i in chosen]
    return [texts[i] for i in chosen]


def pictures(model: Model, n: int, how: Draw, report: Report) -> NDArray[np.uint8]:
    """n images (n, S, S, C)."""
    _counted(n)
    parts = []
    for part in items(model, n, how):
        parts.append(part)
        report("generating", min(len(parts) * together(model) / n, 1.0))
    return np.concatenate(parts)


def _counted(n: int) -> None:
    if n < 1:
        raise ValueError(f"{n} samples asked for; expected 1 or more")


def strings(model: Model, draws: int, how: Draw, beliefs: list[float] | None = None) -> Iterator[list[str]]:
    """The strings of `items`; an unfinished one is empty."""
    return ([text or "" for text in part] for part in items(model, draws, how, beliefs))


def together(model: Model) -> int:
    """How many codes are decoded at a time."""
    return IMAGES if model.task == "images" and model.device.type == "cpu" else BATCH


def items(model: Model, draws: int, how: Draw, beliefs: list[float] | None = None) -> Iterator[Any]:
    """What the codec makes of `draws` codes, as written, `together` at a time.

    The log feasible mass of each is appended to `beliefs` where given.
    """
    beginning = None if how.start is None else _Beginning(model, how)
    size = together(model)
    heat = model.recipe.density.temperature if how.temperature is None else how.temperature
    for first in range(0, draws, size):
        noise = Noise.first(how.seed, min(size, draws - first), first, model.device)
        with torch.no_grad():
            if beginning is None:
                z, rules = model.density(how.density)().sample(noise), None
            else:
                z, rules = beginning.codes(noise), beginning.rules
            p = decoded(model, z, how.masks)
            x = _symbols(p, noise, heat, rules)
            if how.keep < 1 or beliefs is not None:
                mass = p.log_feasible(x)
                kept = _most_natural(mass, how.keep)
                x = x[kept]
                if beliefs is not None:
                    beliefs += mass[kept].tolist()
        yield model.run.codec.decode(x.cpu().numpy())


@torch.no_grad()
def written(model: Model, codes: Tensor, noise: Noise, temperature: float, masks: Masks) -> Iterator[Any]:
    """What the codec makes of codes (n, latent), one a row of `noise`, `together` at a time."""
    size = together(model)
    for part, index in zip(codes.split(size), noise.index.split(size), strict=True):
        p = decoded(model, part.to(model.device), masks)
        x = _symbols(p, Noise(noise.seed, index), temperature)
        yield model.run.codec.decode(x.cpu().numpy())


def _symbols(p: Any, noise: Noise, temperature: float, start: Tensor | None = None) -> Tensor:
    """(B, T) symbols drawn at a temperature, 0 for the likeliest, after the productions `start` (t,) if any."""
    if start is None:
        found: Tensor = p.mode() if temperature == 0 else p.sample(noise, temperature)
    else:
        found = p.mode(start) if temperature == 0 else p.sample(noise, temperature, start)
    return found


def finish(task: str, texts: Sequence[str]) -> list[str]:
    """Each string in the one spelling of equal items (canonical SMILES), or as it is where it has none."""
    forms = look_up(FORMS, task, "task")(list(texts))
    return [form or text for form, text in zip(forms, texts, strict=True)]


def decoded(model: Model, z: Tensor, masks: Masks) -> Any:
    """p(x | z) of codes z (B, D) under masks; the recipe's budget «never» wins over theirs."""
    budget = masks.budget and model.recipe.decoder.budget != "never"
    return model.run.autoencoder.decoder(z, replace(masks, budget=budget))


def _most_natural(mass: Tensor, keep: float) -> Tensor:
    """The indices, in order, of the share `keep` with the largest mass (B,)."""
    return mass.topk(max(1, math.ceil(keep * len(mass)))).indices.sort().values


class _Beginning:
    """A beginning that the model goes on from: codes weighed by p(beginning | code), and its productions.

    Of the spellings of the beginning the likeliest under the density is taken. Codes are resampled without
    replacement, POOL drawn for one kept (sampling importance resampling, Rubin 1988).
    """

    def __init__(self, model: Model, how: Draw) -> None:
        codec = model.run.codec
        if (
            model.task != "molecules"
            or not isinstance(codec, GrammarCodec)
            or model.recipe.codec.steps == "auto"
        ):
            raise RecipeError(
                f"{model.recipe.name} cannot go on from a beginning: it writes no SMILES by grammar"
            )
        if model.recipe.data.prepare != "kekule":
            raise RecipeError(
                f"{model.recipe.name} cannot go on from a beginning: it does not write Kekulé SMILES one token a step"
            )
        self.density = model.density(how.density)
        self.decoder = partial(decoded, model, masks=how.masks)
        self.seed = how.seed
        candidates = []
        for text in spellings(str(how.start)):
            try:
                candidates.append(productions(codec.grammar, text))
            except ParseError as error:
                refused = error
        if not candidates:
            raise refused
        candidates = [rules for rules in candidates[:SPELLINGS] if len(rules) < codec.steps]
        if not candidates:
            raise DataError(
                f"--start {how.start}: longer than the {codec.steps} steps of {model.recipe.name}"
            )
        with torch.no_grad():
            z = self.density().sample(Noise.first(how.seed, BATCH, 0, model.device))
            p = self.decoder(z)
            rows = [torch.tensor(rules, device=model.device) for rules in candidates]
            scores = [torch.logsumexp(p.log_prob(row.expand(len(z), -1)), 0).item() for row in rows]
        best = max(range(len(rows)), key=scores.__getitem__)
        if scores[best] == -math.inf:
            raise DataError(
                f"--start {how.start}: {model.recipe.name} cannot complete it in {codec.steps} steps; "
                "give a shorter beginning, or one without radicals"
            )
        self.rules = rows[best]

    def codes(self, noise: Noise) -> Tensor:
        """(B, D): of POOL times as many codes, B drawn by how likely each makes the beginning."""
        index = (noise.index[:, None] * POOL + torch.arange(POOL, device=noise.index.device)).flatten()
        pool = Noise(self.seed, index)
        z = self.density().sample(pool)
        parts = [self.decoder(part).log_prob(self.rules.expand(len(part), -1)) for part in z.split(BATCH)]
        race = torch.cat(parts) - (-pool.uniform(RESAMPLING, 1)[:, 0].log()).log()
        chosen: Tensor = z[race.topk(len(noise.index)).indices]
        return chosen
