"""Images whose pixels follow one another in raster order, each given a window of those before it and planes of its own.

Chen et al., "Variational Lossy Autoencoder" (ICLR 2017), section 3: p(x | z) is the product of p(x_i | z, window of i).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from grammar_rae.distributions.interfaces import Decoded
from grammar_rae.nets.local import LocalNet
from grammar_rae.nets.precision import full
from grammar_rae.noise import Noise


class LocalPixels:
    """p of images of so many channels: `net` under planes made of codes (B, context, S, S), `pixels` of its output.

    Channels of a pixel follow one another where `pixels` says so, as the mixture of logistics does.
    """

    def __init__(
        self, net: LocalNet, context: Tensor, channels: int, pixels: Callable[[Tensor], Decoded]
    ) -> None:
        self.net = net
        self.context = context
        self.channels = channels
        self.pixels = pixels

    def log_prob(self, x: Tensor) -> Tensor:
        """(B,) nats of x (B, C, S, S), in one pass."""
        return self._given(x).log_prob(x)

    def outputs(self, x: Tensor) -> Tensor:
        """Intensities (B, C, S, S), each given those before it in x."""
        return self._given(x).outputs(x)

    def sample(self, noise: Noise, temperature: float = 1.0) -> Tensor:
        """(B, C, S, S) uint8, pixel after pixel."""
        steps = self.channels + 1  # of noise, the most that any likelihood takes for a pixel
        return self._written(lambda p, pixel: p.sample(noise.after(pixel * steps), temperature))

    def mode(self) -> Tensor:
        """(B, C, S, S) uint8: the likeliest value of every pixel, given those before."""
        return self._written(lambda p, _: p.mode())

    def _given(self, x: Tensor) -> Decoded:
        return self.pixels(full(self.net(x / 127.5 - 1, self.context)))

    @torch.no_grad()
    def _written(self, choose: Callable[[Decoded, int], Tensor]) -> Tensor:
        return self.net.written(
            self.context, self.channels, lambda output, pixel: choose(self.pixels(output), pixel)
        )
