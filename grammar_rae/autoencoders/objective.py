"""A paper is a row: terms, encoder head, prior and decoder edit. The terms shared by several live here.

Likelihood and latent terms are (B,), in nats per example; penalties of weights are scalars.
The loss is the sum of the weighted terms' means.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from grammar_rae.autoencoders.autoencoder import Autoencoder
from grammar_rae.autoencoders.terms import Pass, Term, feasible, nll


def cross_entropy(run: Pass) -> Tensor:
    """(B,) the channel-wise cross-entropy that the published grammar code has in place of −log p(x | z)."""
    return run.scores.cross_entropy()


LIKELIHOOD: Mapping[str, tuple[Term, float]] = {"nll": (nll, 1.0), "feasible": (feasible, 0.0)}


def summed(term: str, weight: float, pixels: int, channels: int, latent: int) -> float:
    """A weight of the RAE paper's published image code as one beside the summed squared error, in nats.

    The code averages: mean squared error over the N = `pixels` (all channels) + β mean z² over the L codes
    + λ × penalty, and for variational models the error averaged over channels alone + w KL. Multiplied by N,
    or by the channels, that is SSE + (2 β N / L) ||z||² / 2 + λ N × penalty, and SSE + w channels KL.
    """
    factors = {
        "half_norm": 2 * pixels / latent,
        "kl": channels,
        "gradient_penalty": pixels / latent,  # averaged over the codes too
        "decoder_decay": pixels,
        "kernel_decay": pixels,
        "mmd": pixels,
    }
    return weight * factors.get(term, 1)


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
