"""Independent characters, all at once: the decoder of the character VAE (Gómez-Bombarelli et al. 2018)."""

from __future__ import annotations

from torch import Tensor

from grammar_rae.distributions.masked import channel_cross_entropy, choose, log_likelihood
from grammar_rae.noise import DECODING, Noise


class Characters:
    """Strings of T characters with logits (B, T, V); nothing is masked, so anything may be written."""

    def __init__(self, logits: Tensor) -> None:
        self.output = logits

    def log_prob(self, x: Tensor) -> Tensor:
        """(B,) nats of x (B, T) int."""
        return log_likelihood(self.output, x)

    def cross_entropy(self, x: Tensor) -> Tensor:
        """(B,) binary cross-entropy over all channels, as in the published code."""
        return channel_cross_entropy(self.output, x)

    def log_feasible(self, x: Tensor) -> Tensor:
        """(B,) zeros: every character is allowed."""
        return self.output.new_zeros(len(x))

    def outputs(self, x: Tensor) -> Tensor:
        """Logits (B, T, C): what a gradient penalty differentiates."""
        return self.output

    def sample(self, noise: Noise, temperature: float = 1.0) -> Tensor:
        """(B, T) int64."""
        return choose(self.output / temperature, noise.uniform(DECODING, self.output.shape[1]))

    def mode(self) -> Tensor:
        """(B, T) int64."""
        return self.output.argmax(-1)
