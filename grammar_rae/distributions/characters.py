"""Independent characters, all at once: the decoder of the character VAE (Gómez-Bombarelli et al. 2018)."""

from __future__ import annotations

import torch
from torch import Tensor

from grammar_rae.distributions.masking import Masked, Scores, choose
from grammar_rae.noise import DECODING, Noise


class Characters(Masked):
    """Strings of T characters with logits (B, T, V); the mask allows everything, so anything may be written."""

    def __init__(self, logits: Tensor) -> None:
        self.output = logits

    def scores(self, x: Tensor) -> Scores:
        """The logits are the scores."""
        return Scores(x, self.output, self.output, torch.ones_like(x, dtype=torch.bool))

    def sample(self, noise: Noise, temperature: float = 1.0, prefix: Tensor | None = None) -> Tensor:
        """(B, T) int64; each row begins with `prefix` (t,) where given."""
        u = noise.uniform(DECODING, self.output.shape[1])
        return _begun(choose(self.output / temperature, u), prefix)

    def mode(self, prefix: Tensor | None = None) -> Tensor:
        """(B, T) int64."""
        return _begun(self.output.argmax(-1), prefix)


def _begun(x: Tensor, prefix: Tensor | None) -> Tensor:
    """x (B, T) with its first characters replaced by `prefix` (t,); the others do not depend on them."""
    if prefix is not None:
        x[:, : len(prefix)] = prefix
    return x
