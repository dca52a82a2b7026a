"""Masked dense networks: outputs of a coordinate see the coordinates before it alone."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from grammar_rae.nets.sizes import Sizes


class MaskedLinear(nn.Linear):
    """A linear layer whose weights count where `after` (outputs,) ≥ `before` (inputs,); > where it is `strict`."""

    mask: Tensor

    def __init__(self, before: Tensor, after: Tensor, strict: bool = False) -> None:
        super().__init__(len(before), len(after))
        mask = after[:, None] > before if strict else after[:, None] >= before
        self.register_buffer("mask", mask.to(self.weight.dtype), persistent=False)

    def forward(self, input: Tensor) -> Tensor:
        """(…, outputs) of input (…, inputs)."""
        return F.linear(input, self.weight * self.mask, self.bias)


class MADE(nn.Module):
    """z (…, D) → (…, `outputs`, D): those of a coordinate see the ones before it, after it where it is `reversed`.

    Germain, Gregor, Murray, Larochelle, "MADE" (ICML 2015): hidden units see the first 1 … D − 1 coordinates in turn.
    Layers of ReLU; the last begins with small weights, near outputs of 0.
    """

    def __init__(self, latent: int, outputs: int, widths: Sizes, reversed: bool = False) -> None:
        super().__init__()
        order = torch.arange(1, latent + 1)
        degrees = order.flip(0) if reversed else order
        layers: list[nn.Module] = []
        before = degrees
        for width in widths:
            after = torch.arange(width) % max(1, latent - 1) + 1
            layers += [MaskedLinear(before, after), nn.ReLU()]
            before = after
        last = MaskedLinear(before, degrees.repeat(outputs), strict=True)
        with torch.no_grad():
            last.weight *= 0.1
            last.bias.zero_()
        self.layers = nn.Sequential(*layers, last)
        self.shape = (outputs, latent)

    def forward(self, z: Tensor) -> Tensor:
        """(…, outputs, D) of z (…, D)."""
        return self.layers(z).unflatten(-1, self.shape)
