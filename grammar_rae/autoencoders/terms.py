"""One pass of an autoencoder over a batch, and the terms that several variants take from it.

Likelihood and latent terms are (B,), in nats per example; penalties of weights are scalars.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from pydantic import NonNegativeFloat
from torch import Tensor

from grammar_rae.autoencoders.autoencoder import Autoencoder
from grammar_rae.distributions.divergence import by_dimension, divergence
from grammar_rae.distributions.interfaces import Decoded, Latent, Posterior
from grammar_rae.distributions.masking import Masked, Scores
from grammar_rae.errors import RecipeError
from grammar_rae.nets.noise_input import NoiseInput


@dataclass(frozen=True)
class Pass:
    """One forward pass over rows x (B, …), computed once and as far as the terms ask."""

    model: Autoencoder
    x: Tensor  # viewed
    step: int = 0  # of the optimizer, from the beginning of training
    training: bool = False
    code_noise: float = 0.0  # largest standard deviation of the noise on the decoder's codes in training
    draw: Tensor | None = None  # codes (B, D) to take in place of a draw of q

    @cached_property
    def q(self) -> Posterior:
        """q(z | x)."""
        return self.model.posterior(self.x)

    @cached_property
    def z(self) -> Tensor:
        """(B, D) a draw of q, or the codes given."""
        return self.q.rsample() if self.draw is None else self.draw

    @cached_property
    def p(self) -> Decoded:
        """p(x | z), as the recipe trains it: with noise on the codes in training, of which a decoder may be told.

        Of an example's standard deviation σ, u³ `code_noise` where the decoder is told and u² where not, u uniform in
        (0, 1), little is the commoner: it keeps the codes apart; much of it teaches the decoder what lies between them,
        where ex-post densities draw. A decoder that is told stands more, and as much below 0.1 as another: up to 0.8
        with u³ as up to 0.3 with u². Ours: the RAE paper trades the noise of a VAE for a penalty, this keeps some of
        it, in the decoder alone.
        """
        if not self.code_noise or not self.training:
            p: Decoded = self.model.decoder(self.z)
            return p
        told, power = self.model.decoder.noise_input, 2
        if isinstance(told, NoiseInput):
            told.follow(self.z)
            power = 3
        sigma = self.code_noise * torch.rand_like(self.z[:, :1]) ** power
        p = self.model.decoder(self.z + sigma * torch.randn_like(self.z), sigma=sigma)
        return p

    @cached_property
    def prior(self) -> Latent:
        """p(z)."""
        prior: Latent = self.model.prior()
        return prior

    @cached_property
    def scores(self) -> Scores:
        """What p makes of x. RecipeError where nothing restrains p."""
        if not isinstance(self.p, Masked):
            raise RecipeError("a term of this objective is of sequences under a mask; images are under none")
        return self.p.scores(self.x)

    @property
    def log_prob(self) -> Tensor:
        """(B,) log p(x | z)."""
        return self.scores.log_prob() if isinstance(self.p, Masked) else self.p.log_prob(self.x)

    @property
    def outputs(self) -> Tensor:
        """(B, …) what the net puts out along x."""
        return self.scores.logits if isinstance(self.p, Masked) else self.p.outputs(self.x)


Term = Callable[[Pass], Tensor]


def nll(run: Pass) -> Tensor:
    """(B,) −log p(x | z)."""
    return -run.log_prob


def cross_entropy(run: Pass) -> Tensor:
    """(B,) the channel-wise cross-entropy that the published grammar code has in place of −log p(x | z)."""
    return run.scores.cross_entropy()


def feasible(run: Pass) -> Tensor:
    """(B,) −log of the mass the net, before the mask, puts on allowed productions, summed along x.

    With weight 1 beside `nll` the two are the plain, unmasked likelihood; with 0 the forbidden logits are
    never trained. Ours.
    """
    return -run.scores.log_feasible()


LIKELIHOOD: Mapping[str, tuple[Term, float]] = {"nll": (nll, 1.0), "feasible": (feasible, 0.0)}


def kl(run: Pass) -> Tensor:
    """(B,) KL(q(z | x) ‖ p(z))."""
    return divergence(run.q, run.prior, run.z)


class KL:
    """KL(q(z | x) ‖ p(z)), of which some costs nothing, so that training is not drawn towards codes that say nothing.

    `free_bits` nats of each coordinate: the sum of max(free_bits, mean over the batch) (Kingma et al. 2016, equation
    15; Chen et al. 2017); `free_nats` of the whole: max(free_nats, mean over the batch) (Ma, Zhou, Hovy 2019).
    """

    def __init__(self, *, free_bits: NonNegativeFloat = 0.0, free_nats: NonNegativeFloat = 0.0) -> None:
        self.free_bits = free_bits
        self.free_nats = free_nats

    def __call__(self, run: Pass) -> Tensor:
        """(B,) nats, or () where some is free. RecipeError for free bits of what is no sum over coordinates."""
        if not self.free_bits:
            each = kl(run)
            return each.mean().clamp(min=self.free_nats) if self.free_nats else each
        parts = by_dimension(run.q, run.prior, run.z)
        if parts is None:
            raise RecipeError(
                "objective.free_bits are of coordinates, and this posterior's KL is no sum over them; set free_nats"
            )
        return parts.mean(0).clamp(min=self.free_bits).sum().clamp(min=self.free_nats)


def half_norm(run: Pass) -> Tensor:
    """(B,) ||z||² / 2: the RAE's latent term (Ghosh et al. 2020, equation 11)."""
    return 0.5 * (run.z**2).sum(-1)
