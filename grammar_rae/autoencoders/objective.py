"""What training minimises: the sum of the means of a variant's weighted terms."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from grammar_rae.autoencoders.autoencoder import Autoencoder
from grammar_rae.autoencoders.terms import Pass, Term


class Objective(nn.Module):
    """forward(x, step) → {term: weighted value}; its parameters are the autoencoder's."""

    def __init__(
        self, model: Autoencoder, terms: Mapping[str, tuple[Term, float]], code_noise: float = 0.0
    ) -> None:
        super().__init__()
        self.model = model
        self.terms = dict(terms)
        self.code_noise = code_noise

    def forward(self, x: Tensor, step: int = 0) -> dict[str, Tensor]:
        """x (B, …) integers, `step` of the optimizer; terms of weight 0 are left out."""
        run = Pass(self.model, x, step, self.training, self.code_noise)
        return {name: weight * term(run) for name, (term, weight) in self.terms.items() if weight}
