"""The networks of the RAE paper for images of 32 x 32 and 64 x 64 pixels (Ghosh et al. 2020, published code).

`width` is the number of filters of the first convolution: 128 in the paper, less on a small machine.
Kernels are 4 x 4 for 32 pixels (MNIST, CIFAR-10) and 5 x 5 for 64 (CelebA). Convolutions in front of a batch
norm have no bias, which the norm would take away; its momentum is torch's 0.1 where Keras has 0.01. Kernels lie
in memory with the channels last, which is faster on CPUs and GPUs alike.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from grammar_rae.nets.initial import glorot
from grammar_rae.nets.matrices import spectrally_normalised
from grammar_rae.nets.sizes import Size

KERNELS = {32: 4, 64: 5}
BEGINNING = 8  # pixels a side where the decoder begins


def _kernel(size: int) -> int:
    """Pixels a side of the kernels for images of `size`. ValueError for a size that the paper has no networks for."""
    if size not in KERNELS:
        raise ValueError(
            f"these networks take images of 32 or 64 pixels a side, given {size}; set codec.size = 32"
        )
    return KERNELS[size]


class ImageReader(nn.Module):
    """Intensities (B, C, S, S) from −1 to 1 → four strided convolutions → (B, outputs).

    The published code normalises the convolutions of RAE-SN here too, which `spectral_norm` asks for.
    """

    def __init__(self, channels: int, size: int, *, width: Size = 128, spectral_norm: bool = False) -> None:
        super().__init__()
        sizes = [channels, width, 2 * width, 4 * width, 8 * width]
        kernel = _kernel(size)
        layers: list[nn.Module] = []
        for inputs, outputs in zip(sizes, sizes[1:], strict=False):
            layers += [
                nn.Conv2d(inputs, outputs, kernel, 2, (kernel - 1) // 2, bias=False),
                nn.BatchNorm2d(outputs, eps=1e-3),
                nn.ReLU(),
            ]
        self.layers = nn.Sequential(*layers)
        self.apply(glorot)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if spectral_norm:
            spectrally_normalised(self)
        self.outputs = sizes[-1] * (size // 16) ** 2

    def forward(self, x: Tensor) -> Tensor:
        """Features (B, outputs) of intensities x (B, C, S, S)."""
        return self.layers(x).flatten(1)


class ImageWriter(nn.Module):
    """z (B, D) → 8 x 8 → transposed convolutions → planes (B, P, S, S), linear at the end."""

    def __init__(self, latent: int, planes: int, size: int, *, width: Size = 128) -> None:
        super().__init__()
        kernel, doublings = _kernel(size), {32: 2, 64: 3}[size]
        self.dense = nn.Linear(latent, 8 * width * BEGINNING**2)
        sizes = [8 * width >> i for i in range(doublings + 1)]
        layers: list[nn.Module] = []
        for inputs, outputs in zip(sizes, sizes[1:], strict=False):
            layers += [
                nn.ConvTranspose2d(
                    inputs, outputs, kernel, 2, (kernel - 1) // 2, output_padding=kernel % 2, bias=False
                ),
                nn.BatchNorm2d(outputs, eps=1e-3),
                nn.ReLU(),
            ]
        self.layers = nn.Sequential(*layers)
        self.out = nn.ConvTranspose2d(sizes[-1], planes, kernel, 1, (kernel - 1) // 2)
        self.size = size
        self.apply(glorot)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, z: Tensor) -> Tensor:
        """Planes (B, P, S, S) of z (B, D)."""
        h = self.dense(z).unflatten(1, (-1, BEGINNING, BEGINNING))
        y: Tensor = self.out(self.layers(h))
        return y[:, :, : self.size, : self.size]  # an even kernel at stride 1 gives a row and a column more
