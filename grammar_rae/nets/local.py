"""Masked convolutions whose window is stated: what a pixel's output sees of the pixels before it, and no others.

Two stacks as in van den Oord et al., "Conditional Image Generation with PixelCNN Decoders" (2016): one sees rows above,
one the pixels to the left and the first stack, so that the window has no blind spot. Kernels hold no masked weights:
shifting and padding place them. Residual blocks, ELU and weight norm as in Chen et al. 2017, appendix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from grammar_rae.nets.sizes import Blocks, Layers, Size

Side = Annotated[int, Field(ge=0, le=2**10)]  # pixels
Window = Literal["full"] | Annotated[list[Side], Field(min_length=2, max_length=2)]
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue in grey


@dataclass(frozen=True)
class Reach:
    """How far something sees: rows above, pixels to the left, and in the rows above pixels to the right."""

    up: int
    left: int
    right: int


def reach_of(window: Window, size: int) -> Reach:
    """That of a window [A, B]: A wide and B tall above, and ⌈(A − 1) / 2⌉ pixels to the left (Chen et al. 2017).

    Of an even A the middle is right of the centre. "full" is every pixel before; [0, 0] is none.
    """
    wide, tall = (2 * size, size) if window == "full" else window
    most = size - 1
    up, left = min(tall, most) if wide else 0, min(wide // 2, most)
    return Reach(up, left, min((wide - 1) // 2, most) if up else 0)


def spread(total: int, layers: int) -> list[int]:
    """How far each of some layers sees, so that together they see `total`: the first most, the others 1 or 0."""
    later = min(max(total - 1, 0), layers - 1)
    return [total - later] + [1] * later + [0] * (layers - 1 - later)


class Kernel(nn.Module):
    """A weight-normalised kernel (Salimans, Kingma 2016), Glorot's at first rather than fitted to a first batch."""

    def __init__(self, inputs: int, outputs: int, height: int = 1, width: int = 1) -> None:
        super().__init__()
        self.direction = nn.Parameter(torch.empty(outputs, inputs, height, width))
        nn.init.xavier_uniform_(self.direction)
        self.length = nn.Parameter(self.direction.detach().flatten(1).norm(dim=1))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self) -> tuple[Tensor, Tensor]:
        """The weight (outputs, inputs, height, width) and the bias (outputs,)."""
        norm = self.direction.flatten(1).norm(dim=1)
        return self.direction * (self.length / norm)[:, None, None, None], self.bias


Weights = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Layer:
    """The weights of a masked layer in one pass; either stack is None where its part of the window is empty."""

    reach: Reach
    above: Weights | None
    before: Weights | None
    link: Weights | None  # from the stack of rows above to that of the row itself
    blocks: list[tuple[Weights, Weights]]

    def rows(self, x: Tensor) -> Tensor | None:
        """Of rows (B, I, R, S), each seen with those above it in its kernel, as many rows as kernels fit."""
        if self.above is None:
            return None
        return F.conv2d(F.pad(x, (self.reach.left, self.reach.right)), *self.above)

    def row(self, x: Tensor) -> Tensor | None:
        """Of pieces of rows (B, I, R, W), as many pixels as kernels fit."""
        return None if self.before is None else F.conv2d(x, *self.before)

    def linked(self, v: Tensor | None) -> Tensor | None:
        """What a row learns of the rows above."""
        return None if v is None or self.link is None else F.conv2d(F.elu(v), *self.link)

    def mixed(self, h: Tensor) -> Tensor:
        """The residual blocks of 1 x 1 behind the layer."""
        for inner, outer in self.blocks:
            h = h + F.conv2d(F.elu(F.conv2d(F.elu(h), *inner)), *outer)
        return h


class MaskedLayer(nn.Module):
    """Weights that see so far, and themselves unless they are the `first`; several layers may share them."""

    def __init__(self, inputs: int, maps: int, reach: Reach, first: bool, tall: bool) -> None:
        super().__init__()
        self.reach, own = reach, 0 if first else 1
        width = reach.left + 1 + reach.right
        self.above = Kernel(inputs, maps, reach.up + own, width) if tall else None
        self.link = Kernel(maps, maps) if tall else None
        self.before = Kernel(inputs, maps, 1, reach.left + own) if reach.left + own else None

    def forward(self, reach: Reach, blocks: list[tuple[Weights, Weights]]) -> Layer:
        """The weights cut to a reach within their own."""
        up, left = self.reach.up - reach.up, self.reach.left - reach.left
        right = self.reach.left + 1 + reach.right
        above = before = None
        if self.above is not None:
            weight, bias = self.above()
            above = weight[:, :, up:, left:right], bias
        if self.before is not None:
            weight, bias = self.before()
            before = weight[..., left:], bias
        return Layer(reach, above, before, None if self.link is None else self.link(), blocks)


class Block(nn.Module):
    """A residual block of 1 x 1 kernels."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.inner = Kernel(maps, maps)
        self.outer = Kernel(maps, maps)

    def forward(self) -> tuple[Weights, Weights]:
        """The weights of its two kernels."""
        return self.inner(), self.outer()


class LocalNet(nn.Module):
    """Intensities x (B, C, S, S) from −1 to 1 and planes (B, context, S, S) → output (B, planes, S, S).

    The output at a pixel depends on its window of x, and on the planes at the pixel and in the window. With `grey`
    the window shows grey levels alone. `tied` layers but the first share their weights; the 1 x 1 blocks are spread
    evenly behind the layers. A plane of ones marks the edges (PixelCNN++, Salimans et al. 2017).
    """

    def __init__(
        self,
        size: int,
        channels: int,
        context: int,
        planes: int,
        *,
        window: Window = "full",
        grey: bool = False,
        maps: Size = 12,
        layers: Layers = 6,
        blocks: Blocks = 4,
        tied: bool = True,
    ) -> None:
        super().__init__()
        if grey and channels == 1:
            raise ValueError("a grey window is one of images in colour; these are grey: leave grey out")
        self.grey = grey
        reach = reach_of(window, size)
        parts = [spread(total, layers) for total in (reach.up, reach.left, reach.right)]
        self.sees_pixels = reach != Reach(0, 0, 0)
        self.reaches = [Reach(up, left, right) for up, left, right in zip(*parts, strict=True)]
        inputs, tall = (1 if grey else channels) + 1, reach.up > 0
        self.enter = Kernel(context, maps)
        self.first = MaskedLayer(inputs, maps, self.reaches[0], True, tall)
        later = self.reaches[1:2] if tied else self.reaches[1:]
        self.later = nn.ModuleList(MaskedLayer(maps, maps, each, False, tall) for each in later)
        self.blocks = nn.ModuleList(Block(maps) for _ in range(blocks))
        self.out = Kernel(maps, planes)

    def weights(self) -> list[Layer]:
        """Those of every masked layer, from the first."""
        blocks = [block() for block in self.blocks]
        count = len(self.reaches)
        ends = [len(blocks) * (place + 1) // count for place in range(count)]
        made: list[Layer] = []
        for place, (reach, end) in enumerate(zip(self.reaches, ends, strict=True)):
            shared = min(place, len(self.later)) - 1
            module = self.later[shared] if place else self.first
            made.append(module(reach, blocks[ends[place - 1] if place else 0 : end]))
        return made

    def image(self, x: Tensor) -> Tensor:
        """What windows show of intensities x (B, C, R, W), a plane of ones the last."""
        if self.grey:
            x = torch.einsum("bchw,c->bhw", x, x.new_tensor(LUMA))[:, None]
        return torch.cat([x, torch.ones_like(x[:, :1])], 1)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """The output everywhere, given every pixel."""
        image, h = self.image(x), F.conv2d(context, *self.enter())
        v: Tensor | None = None
        for place, layer in enumerate(self.weights()):
            up, left = layer.reach.up, layer.reach.left
            if place == 0:
                v = layer.rows(F.pad(image[:, :, :-1], (0, 0, up, 0)))
                h = added(h, layer.row(F.pad(image[..., :-1], (left, 0))))
            else:
                v = v if v is None else added(v, layer.rows(F.pad(F.elu(v), (0, 0, up, 0))))
                h = added(h, layer.row(F.pad(F.elu(h), (left, 0))))
            h = layer.mixed(added(h, layer.linked(v)))
        return F.conv2d(F.elu(h), *self.out())

    def written(self, context: Tensor, channels: int, pick: Callable[[Tensor, int], Tensor]) -> Tensor:
        """Images (B, C, S, S) uint8, pixel after pixel: pick(output (B, planes, 1, 1), number) → (B, C, 1, 1).

        Every feature is computed once: rows above when a row begins, the rest pixel by pixel.
        """
        return Writer(self, context, channels).run(pick)


def added(h: Tensor, further: Tensor | None) -> Tensor:
    """Their sum where there is something to add."""
    return h if further is None else h + further


class Writer:
    """An image being written: its intensities so far and the features of every layer that later pixels need."""

    def __init__(self, net: LocalNet, context: Tensor, channels: int) -> None:
        batch, _, size, _ = context.shape
        self.net, self.layers, self.out = net, net.weights(), net.out()
        self.size = size
        self.entered = F.conv2d(context, *net.enter())
        maps = self.entered.shape[1]
        self.x = torch.zeros(batch, channels, size, size, dtype=torch.uint8, device=context.device)
        first = self.layers[0].reach
        blank = net.image(context.new_zeros(batch, channels, 1, 1)).shape[1]
        self.image = context.new_zeros(batch, blank, first.up + size, first.left + size)
        self.above = [
            context.new_zeros(batch, maps, layer.reach.up + size, size) for layer in self.layers[1:]
        ]

    def run(self, pick: Callable[[Tensor, int], Tensor]) -> Tensor:
        """`LocalNet.written`."""
        first = self.layers[0].reach
        for r in range(self.size):
            links = self._links(r)
            row = self.image[:, :, first.up + r : first.up + r + 1]
            features = [
                self.entered.new_zeros(*self.entered.shape[:2], 1, layer.reach.left + self.size)
                for layer in self.layers[1:]
            ]
            for c in range(self.size):
                pixel = pick(self._pixel(r, c, row, features, links), r * self.size + c)
                self.x[:, :, r : r + 1, c : c + 1] = pixel
                row[..., first.left + c : first.left + c + 1] = self.net.image(pixel / 127.5 - 1)
        return self.x

    def _links(self, r: int) -> list[Tensor | None]:
        """What row r learns of the rows above it in every layer, (B, maps, 1, S) each."""
        left, up = self.layers[0].reach.left, self.layers[0].reach.up
        v = self.layers[0].rows(self.image[:, :, r : r + up, left:])
        links = [self.layers[0].linked(v)]
        for layer, seen in zip(self.layers[1:], self.above, strict=True):
            if v is not None:
                up = layer.reach.up
                seen[:, :, up + r : up + r + 1] = F.elu(v)
                v = added(v, layer.rows(seen[:, :, r : r + up + 1]))
            links.append(layer.linked(v))
        return links

    def _pixel(
        self, r: int, c: int, row: Tensor, features: list[Tensor], links: list[Tensor | None]
    ) -> Tensor:
        """The output (B, planes, 1, 1) at row r, column c."""
        h = self.entered[:, :, r : r + 1, c : c + 1]
        for place, (layer, link) in enumerate(zip(self.layers, links, strict=True)):
            left = layer.reach.left
            if place == 0:
                h = added(h, layer.row(row[..., c : c + left]))
            else:
                seen = features[place - 1]
                seen[..., left + c : left + c + 1] = F.elu(h)
                h = added(h, layer.row(seen[..., c : c + left + 1]))
            h = layer.mixed(h if link is None else h + link[..., c : c + 1])
        return F.conv2d(F.elu(h), *self.out)
