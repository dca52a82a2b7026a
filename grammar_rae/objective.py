"""A paper is a row: terms, encoder head, prior and decoder edit. The terms shared by several live here.

Likelihood and latent terms are (B,), in nats per example; penalties of weights are scalars.
The loss is the sum of the weighted terms' means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from grammar_rae.autoencoder import Autoencoder
from grammar_rae.distributions.divergence import divergence


@dataclass(frozen=True)
class Pass:
    """One forward pass: data x, posterior q, code z (B, D), likelihood p."""

    x: Tensor
    q: Any
    z: Tensor
    p: Any
    model: Autoencoder


Term = Callable[[Pass], Tensor]


def nll(run: Pass) -> Tensor:
    """(B,) −log p(x | z)."""
    return -run.p.log_prob(run.x)


def cross_entropy(run: Pass) -> Tensor:
    """(B,) the channel-wise cross-entropy that the published grammar code has in place of −log p(x | z)."""
    return run.p.cross_entropy(run.x)


def feasible(run: Pass) -> Tensor:
    """(B,) −log of the mass the net, before the mask, puts on allowed productions, summed along x.

    With weight 1 beside `nll` the two are the plain, unmasked likelihood; with 0 the forbidden logits are
    never trained. Ours.
    """
    return -run.p.log_feasible(run.x)


def kl(run: Pass) -> Tensor:
    """(B,) KL(q(z | x) ‖ p(z))."""
    return divergence(run.q, run.model.prior(), run.z)


def half_norm(run: Pass) -> Tensor:
    """(B,) ||z||² / 2: the RAE's latent term (Ghosh et al. 2020, equation 11)."""
    return 0.5 * (run.z**2).sum(-1)


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


@dataclass(frozen=True)
class Variant:
    """What one paper adds: its terms with default weights and the three pieces it chooses."""

    terms: Mapping[str, tuple[Term, float]]
    head: Callable[..., nn.Module]
    prior: Callable[..., nn.Module]
    edit: Callable[[nn.Module], nn.Module] = lambda decoder: decoder


class Objective(nn.Module):
    """forward(x) → {term: weighted value}; its parameters are the autoencoder's."""

    def __init__(
        self,
        model: Autoencoder,
        terms: Mapping[str, tuple[Term, float]],
        code_noise: float = 0.0,
    ) -> None:
        super().__init__()
        self.model = model
        self.terms = dict(terms)
        self.code_noise = code_noise

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """x (B, …) integers; terms of weight 0 are left out."""
        q = self.model.encoder(x)
        z = q.rsample()
        run = Pass(x, q, z, self.model.decoder(self._disturbed(z)), self.model)
        return {name: weight * term(run) for name, (term, weight) in self.terms.items() if weight}

    def _disturbed(self, z: Tensor) -> Tensor:
        """What the decoder sees in training: z + u² `code_noise` ε, u uniform in (0, 1), one an example.

        Little noise, the commoner, keeps the codes apart; much of it teaches the decoder what lies between them,
        where ex-post densities draw. Ours: the RAE paper trades the noise of a VAE for a penalty, this keeps
        some of it, in the decoder alone.
        """
        if not self.code_noise or not self.training:
            return z
        return z + self.code_noise * torch.rand_like(z[:, :1]) ** 2 * torch.randn_like(z)
