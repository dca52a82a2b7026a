"""Choices under a mask: what every distribution over productions or characters shares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from grammar_rae.noise import Noise

LARGEST = 1e30  # of a logit: it can still be divided by the coldest temperature


@dataclass(frozen=True)
class Scores:
    """What a distribution makes of rows x (B, T): B batch, T steps, C output columns, R symbols.

    In mixed precision the columns stand for the symbols, which are more: of those allowed no two share one.
    """

    x: Tensor  # (B, T)
    logits: Tensor  # (B, T, C) of the net, before the mask
    masked: Tensor  # (B, T, R) of the symbols, −inf where not allowed
    real: Tensor  # (B, T) bool: no padding

    def log_prob(self) -> Tensor:
        """(B,) nats of x."""
        return log_prob_of(self.masked, self.x)

    def log_feasible(self) -> Tensor:
        """(B,) nats that the net itself, before the mask, put on what is allowed along x."""
        return log_feasible_mass(self.logits, self.masked, self.real)

    def cross_entropy(self) -> Tensor:
        """(B,) binary cross-entropy over all channels, as in the published code."""
        return channel_cross_entropy(self.masked, self.x)


class Masked(ABC):
    """p(x | z) over sequences x (B, T), each step restrained by a mask; a `Decoded` that can go on from a prefix."""

    @abstractmethod
    def scores(self, x: Tensor) -> Scores:
        """Logits and masked scores along x (B, T), T steps or fewer: rows may be cut where all of them are padding."""

    @abstractmethod
    def sample(self, noise: Noise, temperature: float = 1.0, prefix: Tensor | None = None) -> Tensor:
        """(B, T) int64, one uniform number a step; each row goes on from `prefix` (t,) where given."""

    @abstractmethod
    def mode(self, prefix: Tensor | None = None) -> Tensor:
        """(B, T) int64: the likeliest allowed symbol at every step, given those before."""

    def log_prob(self, x: Tensor) -> Tensor:
        """(B,) nats of x (B, T) int, or of its beginning."""
        return self.scores(x).log_prob()

    def log_feasible(self, x: Tensor) -> Tensor:
        """(B,) nats that the net itself, before the mask, put on what is allowed along x (B, T)."""
        return self.scores(x).log_feasible()

    def outputs(self, x: Tensor) -> Tensor:
        """Logits (B, T, C) along x (B, T): what a gradient penalty differentiates."""
        return self.scores(x).logits


def masked_logits(logits: Tensor, column: Tensor, allowed: Tensor) -> Tensor:
    """Scores (…, R) of the productions from the output columns (…, C); −inf where not allowed."""
    return logits[..., column].masked_fill(~allowed, -torch.inf)


def columns_allowed(allowed: Tensor, column: Tensor, columns: int) -> Tensor:
    """(…, C) bool: the columns of the symbols (…, R) that are allowed."""
    stands = torch.nn.functional.one_hot(column, columns).bfloat16()
    return allowed.bfloat16() @ stands > 0


def choosable(logits: Tensor, column: Tensor, allowed: Tensor) -> Tensor:
    """`masked_logits` to choose by: what is no number counts as 0, what is larger than 1e30 as that.

    So nothing is chosen that is not allowed, whatever a network says.
    """
    return masked_logits(logits.float().clamp(-LARGEST, LARGEST).nan_to_num(0.0), column, allowed)


def choose(logits: Tensor, u: Tensor) -> Tensor:
    """The production (…) that the uniform number u (…) picks from softmax(logits (…, R)).

    Inverse of the distribution function in the order of the productions: one number a choice.
    """
    mass = torch.softmax(logits.float(), -1).cumsum(-1)
    below = (mass <= u[..., None] * mass[..., -1:]).sum(-1)
    last = logits.shape[-1] - 1 - (logits > -torch.inf).flip(-1).int().argmax(-1)
    return torch.minimum(below, last)


def log_prob_of(scores: Tensor, x: Tensor) -> Tensor:
    """(B,) nats of the choices x (B, T) under softmax(scores (B, T, C))."""
    return torch.log_softmax(scores, -1).gather(-1, x.long()[..., None]).sum((-1, -2))


def log_feasible_mass(logits: Tensor, scores: Tensor, real: Tensor) -> Tensor:
    """(B,) Σ over steps of log(mass of softmax(logits (B, T, C)) on what is allowed), never above 0.

    `scores` (B, T, R) are the masked logits; only steps that are `real` (B, T) count, not padding.
    """
    mass = torch.logsumexp(scores, -1) - torch.logsumexp(logits, -1)
    return torch.where(real, mass, 0.0).sum(-1).clamp(max=0)


def channel_cross_entropy(scores: Tensor, x: Tensor) -> Tensor:
    """(B,) binary cross-entropy of softmax(scores (B, T, C)) against one-hot x (B, T), over all channels.

    The loss of the published Grammar VAE code, summed over steps and channels, probabilities clipped
    to [1e-7, 1 − 1e-7] as Keras does.
    """
    p = torch.softmax(scores, -1).clamp(1e-7, 1 - 1e-7)
    off = torch.log1p(-p)
    true = x.long()[..., None]
    on = p.gather(-1, true).log() - off.gather(-1, true)
    return -(on.sum((-1, -2)) + off.sum((-1, -2)))
