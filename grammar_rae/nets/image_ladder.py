"""Ladders of convolutions for images, as in the published code of Zhao, Song, Ermon (ICML 2017).

The lowest levels are convolutional, those above dense. `convolutions` has for each convolutional level its layers,
[filters, stride], stride 1 or 2; kernels are 4 x 4, and batch norm stands behind every layer but linear ones.
Where the code differs from data set to data set we do not: dense levels end linear on the way down, as for MNIST, and
where they meet the convolutions a rung passes a layer and is merged as a vector (SVHN: its bare code; CelebA: maps).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from grammar_rae.nets.ladder import LadderReader, LadderWriter, Merging, merging
from grammar_rae.nets.sizes import Size

Layers = Annotated[
    list[Annotated[list[Size], Field(min_length=2, max_length=2)]], Field(min_length=1)
]  # filters and stride of each
Levels = Annotated[list[Layers], Field(min_length=1)]
MNIST = [[[64, 2], [128, 2]]]
SLOPE = 0.1  # of the leaky ReLU on the way up
EPSILON = 1e-3  # of the batch norms


class MapNorm(nn.BatchNorm2d):
    """Batch norm of maps (B, C, H, W); of one number a channel, whose variance says nothing, the running statistics."""

    def __init__(self, features: int) -> None:
        super().__init__(features, eps=EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) of x (B, C, H, W)."""
        if x.numel() > x.shape[1]:
            return super().forward(x)
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=EPSILON)


class Norm(nn.Module):
    """The same of vectors (B, C)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.norm = MapNorm(features)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C) of x (B, C)."""
        normalised: Tensor = self.norm(x[:, :, None, None])
        return normalised[:, :, 0, 0]


def initial(module: nn.Module) -> None:
    """The published initial weights, N(0, 0.02²). For `Module.apply`."""
    if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, std=0.02)


@dataclass(frozen=True)
class Level:
    """A convolutional level: channels before its layers and behind each, their strides, pixels a side at both ends."""

    channels: list[int]
    strides: list[int]
    below: int
    above: int

    @property
    def map(self) -> tuple[int, ...]:
        """(C, S, S) at the upper end."""
        return self.channels[-1], self.above, self.above

    @property
    def flat(self) -> int:
        """Numbers at the upper end."""
        return self.channels[-1] * self.above**2

    def up(self) -> nn.Sequential:
        """(B, C, S, S) of the lower end to the upper."""
        layers: list[nn.Module] = []
        for before, after, stride in zip(self.channels, self.channels[1:], self.strides, strict=False):
            layers += _convolution(before, after, stride)
            layers += [MapNorm(after), nn.LeakyReLU(SLOPE)]
        return nn.Sequential(*layers)

    def down(self, entering: tuple[int, ...], planes: int | None) -> nn.Sequential:
        """What enters, a vector (I,) or maps of the upper end, to the lower; to `planes`, linear, where given.

        Filters are mirrored, strides come in the order of the way up.
        """
        first = len(entering) == 1
        layers = [*_norm_relu(entering[0], self.flat), nn.Unflatten(1, self.map)] if first else []
        filters = self.channels[::-1]
        if not first:
            filters[0] = entering[0]
        if planes is not None:
            filters[-1] = planes
        linear = None if planes is None else len(self.strides) - 1
        for i, (before, after, stride) in enumerate(zip(filters, filters[1:], self.strides, strict=False)):
            layers += _transposed(before, after, stride, bias=i == linear)
            if i != linear:
                layers += [MapNorm(after), nn.ReLU()]
        return nn.Sequential(*layers)


def image_ladder_reader(
    channels: int,
    size: int,
    rungs: tuple[int, ...],
    *,
    convolutions: Levels = MNIST,
    dense: Size = 1024,
) -> LadderReader:
    """Intensities (B, C, S, S) up; every level's side has layers like its own, of `dense` where it is dense.

    ValueError for a stride other than 1 and 2, and where an odd size is to be halved.
    """
    levels = _levels(channels, size, convolutions[: len(rungs)])
    climb: list[nn.Module] = [level.up() for level in levels]
    sides: list[nn.Module] = [nn.Sequential(level.up(), nn.Flatten()) for level in levels]
    parts, width = [level.flat for level in levels], levels[-1].flat
    above = len(rungs) - len(levels)
    climb[-1] = nn.Sequential(climb[-1], nn.Flatten())
    if above > 1:
        climb[-1] = nn.Sequential(climb[-1], nn.Linear(width, dense, bias=False))
        width = dense
    for _ in range(above):
        climb.append(_dense(width, dense, nn.LeakyReLU(SLOPE)))
        sides.append(_dense(width, dense, nn.LeakyReLU(SLOPE)))
        parts.append(dense)
    return LadderReader(climb[: len(rungs) - 1], sides, parts, nn.Identity()).apply(initial)


def image_ladder_writer(
    rungs: tuple[int, ...],
    planes: int,
    channels: int,
    size: int,
    *,
    convolutions: Levels = MNIST,
    dense: Size = 1024,
    merge: Merging = "gated",
) -> LadderWriter:
    """z (B, D) down to planes (B, P, S, S), linear at the end. ValueError as `image_ladder_reader`."""
    levels = _levels(channels, size, convolutions[: len(rungs)])
    meeting = [levels[i].map if i + 1 < len(levels) else (dense,) for i in range(len(rungs) - 1)]
    merges = [merging(merge, shape) for shape in meeting]
    entering = [(width, *shape[1:]) for (_, width), shape in zip(merges, meeting, strict=True)]
    entering.append((rungs[-1],))
    descend: list[nn.Module] = [
        level.down(shape, None if i else planes)
        for i, (level, shape) in enumerate(zip(levels, entering, strict=False))
    ]
    for width, *_ in entering[len(levels) :]:
        descend.append(_dense(width, dense, nn.ReLU()).append(nn.Linear(dense, dense, bias=False)))
    sides = [_side(rung, shape) for rung, shape in zip(rungs, meeting, strict=False)]
    return LadderWriter(rungs, descend, sides, [module for module, _ in merges]).apply(initial)


def _levels(channels: int, size: int, convolutions: Sequence[Layers]) -> list[Level]:
    levels = []
    for layers in convolutions:
        below = size
        for _, stride in layers:
            if stride > 2 or size % stride:
                raise ValueError(
                    f"a convolution of stride {stride} meets {size} pixels a side; expected stride 1 or 2, "
                    "and 2 only where that is even: set codec.size = 32, or fewer strides of 2"
                )
            size //= stride
        levels.append(
            Level([channels, *(f for f, _ in layers)], [stride for _, stride in layers], below, size)
        )
        channels = layers[-1][0]
    return levels


def _convolution(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    """To maps of as many pixels, or half as many a side; at stride 1 the further row and column of zeros come last."""
    if stride == 1:
        return [nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(inputs, outputs, 4, bias=False)]
    return [nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False)]


def _transposed(inputs: int, outputs: int, stride: int, bias: bool) -> list[nn.Module]:
    """To maps of as many pixels, or twice as many a side."""
    if stride == 1:
        return [nn.ZeroPad2d((2, 1, 2, 1)), nn.Conv2d(inputs, outputs, 4, bias=bias)]
    return [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=bias)]


def _norm_relu(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Linear(inputs, outputs, bias=False), Norm(outputs), nn.ReLU()]


def _dense(inputs: int, width: int, activation: nn.Module) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, width, bias=False), Norm(width), activation,
        nn.Linear(width, width, bias=False), Norm(width), activation,
    )  # fmt: skip


def _side(rung: int, shape: tuple[int, ...]) -> nn.Module:
    """A code (B, R) to a shape."""
    layers = _norm_relu(rung, math.prod(shape))
    return nn.Sequential(*layers, nn.Unflatten(1, shape))
