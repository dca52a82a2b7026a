"""The residual encoder of small two-level images (Ma, Zhou, Hovy 2019, published code), and the way back."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from grammar_rae.nets.sizes import Size, Sizes

MAPS = [32, 64, 64]


class Block(nn.Module):
    """(B, I, S, S) → (B, O, S / 2, S / 2): two convolutions of 3 x 3 with ELU, and a strided one beside them."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = weight_norm(nn.Conv2d(inputs, outputs, 3, 2, 1))
        self.second = weight_norm(nn.Conv2d(outputs, outputs, 3, 1, 1))
        self.beside = weight_norm(nn.Conv2d(inputs, outputs, 3, 2, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, O, S / 2, S / 2) of x (B, I, S, S)."""
        return F.elu(self.second(F.elu(self.first(x))) + self.beside(x))


class ResidualReader(nn.Module):
    """Intensities (B, C, S, S) → residual blocks of stride 2 → one convolution of all that is left → (B, hidden).

    Weights are divided by their norm and learn it (Salimans, Kingma 2016); the first norms are those of torch's initial
    weights, where the published code takes them from a first batch.
    """

    def __init__(self, channels: int, size: int, *, maps: Sizes = MAPS, hidden: Size = 512) -> None:
        super().__init__()
        sizes = [channels, *maps]
        self.blocks = nn.Sequential(*(Block(a, b) for a, b in zip(sizes, sizes[1:], strict=False)))
        left = size
        for _ in maps:
            left = (left + 1) // 2
        self.last = weight_norm(nn.Conv2d(sizes[-1], hidden, left))
        self.outputs = hidden

    def forward(self, x: Tensor) -> Tensor:
        """Features (B, hidden) of intensities x (B, C, S, S)."""
        return F.elu(self.last(self.blocks(x))).flatten(1)


class Enlarging(nn.Module):
    """(B, I, S, S) → (B, O, side, side): nearest neighbours, then two convolutions of 3 x 3 with ELU and one beside."""

    def __init__(self, inputs: int, outputs: int, side: int) -> None:
        super().__init__()
        self.side = side
        self.first = weight_norm(nn.Conv2d(inputs, outputs, 3, 1, 1))
        self.second = weight_norm(nn.Conv2d(outputs, outputs, 3, 1, 1))
        self.beside = weight_norm(nn.Conv2d(inputs, outputs, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, O, side, side) of x (B, I, S, S)."""
        x = F.interpolate(x, size=(self.side, self.side))
        return F.elu(self.second(F.elu(self.first(x))) + self.beside(x))


class ResidualWriter(nn.Module):
    """z (B, D) → maps → blocks that double the side, `filters` from the image inwards → planes (B, P, S, S), linear.

    The encoder's blocks backwards, as in the residual VAE of Kingma et al. 2016, "Improving Variational Inference with
    Inverse Autoregressive Flow", which the lossy autoencoder takes.
    """

    def __init__(self, latent: int, planes: int, size: int, *, filters: Sizes = MAPS) -> None:
        super().__init__()
        larger, left = [], size
        for _ in filters:
            larger.append(left)
            left = (left + 1) // 2
        self.shape = (filters[-1], left, left)
        self.dense = weight_norm(nn.Linear(latent, filters[-1] * left**2))
        inwards = [filters[0], *filters]
        self.blocks = nn.Sequential(
            *(Enlarging(inwards[i + 1], inwards[i], larger[i]) for i in reversed(range(len(filters))))
        )
        self.out = weight_norm(nn.Conv2d(filters[0], planes, 3, 1, 1))

    def forward(self, z: Tensor) -> Tensor:
        """Planes (B, P, S, S) of z (B, D)."""
        y: Tensor = self.out(self.blocks(F.elu(self.dense(z)).unflatten(1, self.shape)))
        return y
