"""What posteriors, priors and decoders give, as everything above them sees it. B batch, D latent; all in nats.

A distribution is a value: it is asked, never changed. Draws that depend on the seed alone take counter-based `Noise`.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from grammar_rae.noise import Noise


class Posterior(Protocol):
    """q(z | x) of a batch."""

    @property
    def mean(self) -> Tensor:
        """(B, D): what `encode` gives."""
        ...

    @property
    def proper(self) -> bool:
        """Whether log_prob is that of the draws; not of a point, nor where the noise is scaled down."""
        ...

    def rsample(self, shape: tuple[int, ...] = ()) -> Tensor:
        """(*shape, B, D) with gradients, from torch's global generator: the training draw."""
        ...

    def sample(self, noise: Noise) -> Tensor:
        """(B, D) without gradients, one row a sample of `noise`."""
        ...

    def log_prob(self, z: Tensor) -> Tensor:
        """(*shape, B) of z (*shape, B, D)."""
        ...


class Latent(Protocol):
    """p(z): a prior, or a density fitted on codes."""

    exact: bool  # whether log_prob is the logarithm of the density; False: a lower bound of it

    def log_prob(self, z: Tensor) -> Tensor:
        """(B,) of z (B, D)."""
        ...

    def sample(self, noise: Noise) -> Tensor:
        """(B, D), one row a sample of `noise`."""
        ...


class Decoded(Protocol):
    """p(x | z) of a batch of codes; what restrains it is a `Masked`."""

    def log_prob(self, x: Tensor) -> Tensor:
        """(B,) of x (B, …)."""
        ...

    def outputs(self, x: Tensor) -> Tensor:
        """(B, …) what the net puts out along x: what a gradient penalty differentiates."""
        ...

    def sample(self, noise: Noise, temperature: float = 1.0) -> Tensor:
        """(B, …) integers, one row a sample of `noise`."""
        ...

    def mode(self) -> Tensor:
        """(B, …) integers: the likeliest choice everywhere."""
        ...
