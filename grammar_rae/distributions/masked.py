"""Choices under a mask: what every decoder over productions shares."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor


@runtime_checkable
class Masked(Protocol):
    """A distribution over items that puts part of its mass on what may not be written."""

    def log_feasible(self, x: Tensor) -> Tensor:
        """(B,) nats: the log of the mass on what was allowed while each x (B, T) was written."""
        ...


def masked_logits(logits: Tensor, column: Tensor, allowed: Tensor) -> Tensor:
    """Scores (…, R) of the productions from the output columns (…, C); −inf where not allowed."""
    return logits[..., column].masked_fill(~allowed, -torch.inf)


def choose(logits: Tensor, u: Tensor) -> Tensor:
    """The production (…) that the uniform number u (…) picks from softmax(logits (…, R)).

    Inverse of the distribution function in the order of the productions: one number a choice.
    """
    mass = torch.softmax(logits.float(), -1).cumsum(-1)
    below = (mass <= u[..., None] * mass[..., -1:]).sum(-1)
    last = logits.shape[-1] - 1 - (logits > -torch.inf).flip(-1).int().argmax(-1)
    return torch.minimum(below, last)


def log_likelihood(scores: Tensor, x: Tensor) -> Tensor:
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
