"""Drawing items from a trained model, a thousand at a time: codes, decoding, beginnings, the feasible mass."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from grammar_rae.chance import DRAWS
from grammar_rae.chemistry.prefixes import prefix_productions, spellings
from grammar_rae.distributions.masking import Masked
from grammar_rae.errors import DataError, ParseError, RecipeError
from grammar_rae.machines.machine import EVERYTHING, Masks
from grammar_rae.noise import RESAMPLING, Noise
from grammar_rae.parallel import overlapped
from grammar_rae.progress import Report
from grammar_rae.tasks.task import Spelling

if TYPE_CHECKING:
    from grammar_rae.model.model import Model

BATCH = 1000
POOL = 20  # codes drawn for each one that a beginning keeps
SPELLINGS = 32  # spellings of a beginning that are compared


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

    def __post_init__(self) -> None:
        if self.temperature is not None and self.temperature < 0:
            raise ValueError(f"temperature {self.temperature}; expected 0 (the likeliest) or more")
        if not 0 < self.keep <= 1:
            raise ValueError(f"keep {self.keep}; expected a share above 0, 1 for all")


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
    if n < 1:
        raise ValueError(f"{n} samples asked for; expected 1 or more")
    task = model.run.task
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


def spelled(spelling: Spelling, texts: Sequence[str]) -> list[tuple[str, str | None]]:
    """Each string in the one spelling of equal items, or as it is where it has none (None)."""
    return [(form or text, form) for text, form in zip(texts, spelling(texts), strict=True)]


def _unspelled(parts: Iterable[list[Any]]) -> Iterator[list[tuple[Any, None]]]:
    return ([(item, None) for item in part] for part in parts)


def batch_size(model: Model) -> int:
    """How many codes are decoded at a time."""
    return min(BATCH, model.run.task.medium.batch_size) if model.device.type == "cpu" else BATCH


def codec_items(
    model: Model, draws: int, sampling: Sampling, masses: list[float] | None = None
) -> Iterator[Sequence[Any]]:
    """What the codec makes of `draws` codes, as written, a batch at a time.

    The log feasible mass of each is appended to `masses` where given.
    """
    prefix = None if sampling.start is None else Prefix(model, sampling)
    size = batch_size(model)
    temperature = model.recipe.density.temperature if sampling.temperature is None else sampling.temperature
    for first in range(0, draws, size):
        noise = Noise.first(sampling.seed, min(size, draws - first), first, model.device)
        with torch.no_grad():
            if prefix is None:
                z, rules = model.density(sampling.density)().sample(noise), None
            else:
                z, rules = prefix.codes(noise), prefix.rules
            p = decoded(model, z, sampling.masks)
            x = _symbols(p, noise, temperature, rules)
            if sampling.keep < 1 or masses is not None:
                mass = masked(model, p).log_feasible(x)
                rows = _most_feasible(mass, sampling.keep)
                x = x[rows]
                if masses is not None:
                    masses += mass[rows].tolist()
        yield model.run.codec.decode(x.cpu().numpy())


@torch.no_grad()
def written(model: Model, codes: Tensor, noise: Noise, temperature: float, masks: Masks) -> Iterator[Any]:
    """What the codec makes of codes (n, latent), one a row of `noise`, a batch at a time."""
    size = batch_size(model)
    for part, index in zip(codes.split(size), noise.index.split(size), strict=True):
        p = decoded(model, part.to(model.device), masks)
        x = _symbols(p, Noise(noise.seed, index), temperature)
        yield model.run.codec.decode(x.cpu().numpy())


def _symbols(p: Any, noise: Noise, temperature: float, start: Tensor | None = None) -> Tensor:
    """(B, T) symbols drawn at a temperature, 0 for the likeliest, after the productions `start` (t,) if any."""
    if start is None:
        x: Tensor = p.mode() if temperature == 0 else p.sample(noise, temperature)
    else:
        x = p.mode(start) if temperature == 0 else p.sample(noise, temperature, start)
    return x


def masked(model: Model, p: Any) -> Masked:
    """p, where a machine or an alphabet restrains what it writes. RecipeError where nothing does."""
    if not isinstance(p, Masked):
        raise RecipeError(
            f"{model.recipe.name} draws {model.task}, which no mask restrains; keep, samples, log_feasible and "
            "revisions are for strings under a mask"
        )
    return p


def decoded(model: Model, z: Tensor, masks: Masks) -> Any:
    """p(x | z) of codes z (B, D) under masks; the recipe's budget «never» wins over theirs.

    RecipeError where there is no machine that could do without some of its masks.
    """
    if masks != EVERYTHING and not has_machine(model):
        raise RecipeError(
            f"{model.recipe.name} writes no derivations: there is no step budget and no semantics to do without"
        )
    budget = masks.budget and model.recipe.decoder.budget != "never"
    return model.run.autoencoder.decoder(z, replace(masks, budget=budget))


def has_machine(model: Model) -> bool:
    """Whether a machine says what the decoder may write."""
    return model.run.autoencoder.decoder.machine is not None


def has_budget(model: Model) -> bool:
    """Whether derivations can be left unfinished by doing without the step budget."""
    return has_machine(model) and model.recipe.decoder.budget != "always"


def has_semantics(model: Model) -> bool:
    """Whether the machine knows more than syntax."""
    return model.recipe.decoder.machine != "syntax"


def _most_feasible(mass: Tensor, keep: float) -> Tensor:
    """The indices, in order, of the share `keep` with the largest mass (B,)."""
    return mass.topk(max(1, math.ceil(keep * len(mass)))).indices.sort().values


class Prefix:
    """A beginning that the model goes on from: codes weighed by p(beginning | code), and its productions.

    Of the spellings of the beginning the likeliest under the density is taken. Codes are resampled without
    replacement, POOL drawn for one kept (sampling importance resampling, Rubin 1988).
    """

    def __init__(self, model: Model, sampling: Sampling) -> None:
        recipe, grammar = model.recipe, model.run.grammar
        if grammar is None or not has_machine(model) or recipe.data.prepare != "kekule":
            raise RecipeError(
                f"{recipe.name} cannot go on from a beginning: it draws {model.task}, and not as Kekulé SMILES by "
                "grammar, one token a step"
            )
        steps: int = recipe.codec.settings["steps"]
        self.density = model.density(sampling.density)
        self.decoder = partial(decoded, model, masks=sampling.masks)
        self.seed = sampling.seed
        candidates = []
        for text in spellings(str(sampling.start)):
            try:
                candidates.append(prefix_productions(grammar, text))
            except ParseError as error:
                refused = error
        if not candidates:
            raise refused
        candidates = [rules for rules in candidates[:SPELLINGS] if len(rules) < steps]
        if not candidates:
            raise DataError(f"--start {sampling.start}: longer than the {steps} steps of {recipe.name}")
        with torch.no_grad():
            z = self.density().sample(Noise.first(sampling.seed, BATCH, 0, model.device))
            p = self.decoder(z)
            rows = [torch.tensor(rules, device=model.device) for rules in candidates]
            scores = [torch.logsumexp(p.log_prob(row.expand(len(z), -1)), 0).item() for row in rows]
        best = max(range(len(rows)), key=scores.__getitem__)
        if scores[best] == -math.inf:
            raise DataError(
                f"--start {sampling.start}: {recipe.name} cannot complete it in {steps} steps; "
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
