"""Going on from the beginning of an item."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from grammar_rae.chemistry.prefixes import prefix_productions, spellings
from grammar_rae.errors import DataError, ParseError, RecipeError, option
from grammar_rae.machines.machine import Masks
from grammar_rae.model.decoding import BATCH, decoded, has_machine
from grammar_rae.model.densities import smoothed
from grammar_rae.noise import RESAMPLING, Noise

if TYPE_CHECKING:
    from grammar_rae.model.model import Model

POOL = 20  # codes drawn for each one that is kept
SPELLINGS = 32  # spellings of a beginning that are compared


class Prefix:
    """A beginning that the model goes on from: codes weighed by p(beginning | code), and its productions.

    Of the spellings of the beginning the likeliest under the density is taken. Codes are resampled without
    replacement, POOL drawn for one kept (sampling importance resampling, Rubin 1988). The density is smoothed by
    noise of standard deviation `sigma`.
    """

    def __init__(
        self, model: Model, start: str, density: str | None, seed: int, masks: Masks, sigma: float = 0.0
    ) -> None:
        recipe, grammar = model.recipe, model.run.grammar
        if grammar is None or not has_machine(model) or recipe.data.prepare != "kekule":
            raise RecipeError(
                f"{recipe.name} draws {model.task} and cannot go on from a beginning; models that write Kekulé SMILES "
                "by grammar, one token a step, can"
            )
        steps: int = recipe.codec.settings["steps"]
        self.density = model.density(density)
        self.decoder = partial(decoded, model, masks=masks, sigma=sigma)
        self.sigma = sigma
        self.seed = seed
        candidates = []
        for text in spellings(start.strip()):
            try:
                candidates.append(prefix_productions(grammar, text))
            except ParseError as error:
                refused = error
        if not candidates:
            raise refused
        candidates = [rules for rules in candidates[:SPELLINGS] if len(rules) < steps]
        if not candidates:
            raise DataError(f"{option('start')} {start}: longer than the {steps} steps of {recipe.name}")
        with torch.no_grad():
            z = self._drawn(Noise.first(seed, BATCH, 0, model.device))
            p = self.decoder(z)
            rows = [torch.tensor(rules, device=model.device) for rules in candidates]
            scores = [torch.logsumexp(p.log_prob(row.expand(len(z), -1)), 0).item() for row in rows]
        best = max(range(len(rows)), key=scores.__getitem__)
        if scores[best] == -math.inf:
            raise DataError(
                f"{option('start')} {start}: {recipe.name} cannot complete it in {steps} steps; "
                "give a shorter beginning, or one without radicals"
            )
        self.rules = rows[best]

    def codes(self, noise: Noise) -> Tensor:
        """(B, D): of POOL times as many codes, B drawn by how likely each makes the beginning."""
        index = (noise.index[:, None] * POOL + torch.arange(POOL, device=noise.index.device)).flatten()
        pool = Noise(self.seed, index)
        z = self._drawn(pool)
        parts = [self.decoder(part).log_prob(self.rules.expand(len(part), -1)) for part in z.split(BATCH)]
        race = torch.cat(parts) - (-pool.uniform(RESAMPLING, 1)[:, 0].log()).log()
        return z[race.topk(len(noise.index)).indices]

    def _drawn(self, noise: Noise) -> Tensor:
        """(B, D) codes of the smoothed density."""
        return smoothed(self.density().sample(noise), self.sigma, noise)
