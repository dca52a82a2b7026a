"""Decoders: calling one on codes z (B, D) gives p(x | z). Masking and teacher forcing live inside p.

p is a value: it owns the machine it was made with, that of `masks`, or the recipe's for training where None. A decoder
with a `noise_input` gives p(x | z, σ): `sigma`, one for all or (B, 1), is the standard deviation of the noise on z.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from grammar_rae.distributions.characters import Characters
from grammar_rae.distributions.derivations import Derivations
from grammar_rae.distributions.interfaces import Decoded
from grammar_rae.distributions.local import LocalPixels
from grammar_rae.distributions.pixels import PixelLikelihood
from grammar_rae.distributions.sequential import Sequential, StepNet
from grammar_rae.machines.machine import Machine, Masks, State
from grammar_rae.nets.local import LocalNet, Window
from grammar_rae.nets.noise_input import NoiseInput
from grammar_rae.nets.precision import full
from grammar_rae.nets.sizes import Blocks, Layers, Size


class Decoder(nn.Module):
    """What all have: a `noise_input` in front of the net, where they are told of noise."""

    any_length = False
    noise_input: NoiseInput | None

    def __init__(self, noise_input: NoiseInput | None) -> None:
        super().__init__()
        self.noise_input = noise_input

    def read(self, z: Tensor, sigma: Tensor | float) -> Tensor:
        """What the net reads of codes z (B, D) with such noise on them: the codes alone where it is not told."""
        return z if self.noise_input is None else self.noise_input(z, sigma)


class CharacterDecoder(Decoder):
    """Independent characters, under no masks."""

    machine = None

    def __init__(self, net: nn.Module, noise_input: NoiseInput | None = None) -> None:
        super().__init__(noise_input)
        self.net = net

    def forward(self, z: Tensor, masks: Masks | None = None, sigma: Tensor | float = 0.0) -> Characters:
        """p(x | z, σ) of z (B, D)."""
        return Characters(full(self.net(self.read(z, sigma))))


class GrammarDecoder(Decoder, Generic[State]):
    """All logits at once under a machine."""

    column: Tensor

    def __init__(
        self,
        net: nn.Module,
        machine: Machine[State],
        column: NDArray[np.integer],
        noise_input: NoiseInput | None = None,
    ) -> None:
        super().__init__(noise_input)
        self.net = net
        self.machine = machine
        self.register_buffer("column", torch.as_tensor(column), persistent=False)

    def forward(
        self, z: Tensor, masks: Masks | None = None, sigma: Tensor | float = 0.0
    ) -> Derivations[State]:
        """p(x | z, σ) of z (B, D)."""
        machine = self.machine if masks is None else self.machine.under(masks)
        return Derivations(full(self.net(self.read(z, sigma))), machine, self.column)


class SequentialDecoder(Decoder, Generic[State]):
    """One production after the other, by a step net under a machine."""

    any_length = True  # p(x | z) is the same for rows without the padding at their end
    column: Tensor

    def __init__(
        self,
        net: StepNet,
        machine: Machine[State],
        column: NDArray[np.integer],
        steps: int,
        noise_input: NoiseInput | None = None,
    ) -> None:
        super().__init__(noise_input)
        self.net = net
        self.machine = machine
        self.steps = steps
        self.columns = int(column.max()) + 1
        self.register_buffer("column", torch.as_tensor(column), persistent=False)

    def forward(
        self, z: Tensor, masks: Masks | None = None, sigma: Tensor | float = 0.0
    ) -> Sequential[State]:
        """p(x | z, σ) of z (B, D)."""
        machine = self.machine if masks is None else self.machine.under(masks)
        return Sequential(self.net, self.read(z, sigma), machine, self.column, self.columns, self.steps)


class PixelDecoder(Decoder):
    """Images under a likelihood and no masks; what the likelihood learns are parameters of the decoder itself."""

    machine = None

    def __init__(
        self, net: nn.Module, pixels: PixelLikelihood, noise_input: NoiseInput | None = None
    ) -> None:
        super().__init__(noise_input)
        self.net = net
        self.pixels = pixels
        _learn(self, pixels)

    def forward(self, z: Tensor, masks: Masks | None = None, sigma: Tensor | float = 0.0) -> Decoded:
        """p(x | z, σ) of z (B, D)."""
        return self.likelihood(full(self.net(self.read(z, sigma))))

    def likelihood(self, planes: Tensor) -> Any:
        """p of what the net puts out, (B, P, H, W)."""
        return self.pixels.distribution(planes, **dict(self.named_parameters(recurse=False)))


def _learn(decoder: nn.Module, pixels: PixelLikelihood) -> None:
    """Gives a decoder the parameters that a likelihood learns."""
    for name, value in pixels.learned.items():
        decoder.register_parameter(name, nn.Parameter(torch.tensor(value)))


class LocalDecoder(Decoder):
    """Images pixel after pixel, each given its window of those before and `context` planes that the net makes of z.

    Defaults are those of Chen et al. 2017 for binary images, `window` apart: their six layers see [13, 6].
    """

    machine = None

    def __init__(
        self,
        make_net: Callable[[int], nn.Module],
        pixels: PixelLikelihood,
        planes: int,
        size: int,
        channels: int,
        noise_input: NoiseInput | None = None,
        *,
        context: Size = 4,
        window: Window = "full",
        grey: bool = False,
        maps: Size = 12,
        layers: Layers = 6,
        blocks: Blocks = 4,
        tied: bool = True,
    ) -> None:
        super().__init__(noise_input)
        self.net = make_net(context)
        self.local = LocalNet(
            size, channels, context, planes,
            window=window, grey=grey, maps=maps, layers=layers, blocks=blocks, tied=tied,
        )  # fmt: skip
        self.channels = channels
        self.pixels = pixels
        _learn(self, pixels)

    def forward(self, z: Tensor, masks: Masks | None = None, sigma: Tensor | float = 0.0) -> LocalPixels:
        """p(x | z, σ) of z (B, D)."""
        learned = dict(self.named_parameters(recurse=False))
        return LocalPixels(
            self.local,
            self.net(self.read(z, sigma)),
            self.channels,
            lambda output: self.pixels.distribution(output, **learned),
        )


def all_at_once(
    net: nn.Module,
    column: NDArray[np.integer],
    machine: Machine[State] | None = None,
    noise_input: NoiseInput | None = None,
) -> CharacterDecoder | GrammarDecoder[State]:
    """The decoder of a net that puts out a whole string: characters where there is no machine."""
    if machine is None:
        return CharacterDecoder(net, noise_input)
    return GrammarDecoder(net, machine, column, noise_input)
