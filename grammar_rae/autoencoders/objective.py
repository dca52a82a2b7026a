"""What training minimises: the sum of the means of a variant's weighted terms."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

from torch import Tensor, nn

from grammar_rae.autoencoders.autoencoder import Autoencoder
from grammar_rae.autoencoders.terms import Pass, Term
from grammar_rae.autoencoders.views import drawn

Begin = Callable[[Autoencoder, int, int, Tensor], None]


class Objective(nn.Module):
    """forward(x, step) → {term: weighted value}; its state is the autoencoder's and that of terms that are modules.

    `warm_up[term]` τ multiplies a weight by 1 − exp(−step / τ) in training. Each batch takes `phases` steps of the
    optimizer, which terms can tell apart by the step. `begin(epoch, epochs, rows)`, where there is one, is what the
    variant does before an epoch, from 0, with the training rows (n, …). `settling` is how many steps pass before every
    warmed-up weight is at 1 − 1 / e of itself.
    """

    def __init__(
        self,
        model: Autoencoder,
        terms: Mapping[str, tuple[Term, float]],
        code_noise: float = 0.0,
        warm_up: Mapping[str, float] | None = None,
        phases: int = 1,
        begin: Begin | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.terms = dict(terms)
        self.stateful = nn.ModuleDict(
            {name: term for name, (term, _) in terms.items() if isinstance(term, nn.Module)}
        )
        self.code_noise = code_noise
        self.warm_up = dict(warm_up or {})
        self.settling = math.ceil(max(self.warm_up.values(), default=0))
        self.phases = phases
        self.begin = None if begin is None else partial(begin, model)

    def forward(self, x: Tensor, step: int = 0) -> dict[str, Tensor]:
        """x (B, …) integers, `step` of the optimizer; terms of weight 0 are left out."""
        run = Pass(self.model, drawn(self.model.view, x), step, self.training, self.code_noise)
        return {
            name: weight * self._share(name, step) * term(run)
            for name, (term, weight) in self.terms.items()
            if weight
        }

    def _share(self, name: str, step: int) -> float:
        """How much of a term's weight counts at a step."""
        if not self.training or name not in self.warm_up:
            return 1.0
        return 1 - math.exp(-step / self.warm_up[name])
