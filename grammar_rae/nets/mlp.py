"""Linear layers with ReLU."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MLP(nn.Module):
    """(B, inputs) → `layers` of `width` → features (B, `outputs`); with `skip` the input stands beside them."""

    def __init__(self, inputs: int, width: int, layers: int, skip: bool = False) -> None:
        super().__init__()
        sizes = [inputs] + [width] * layers
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:], strict=False))
        self.skip = skip
        self.outputs = sizes[-1] + (inputs if skip else 0)

    def forward(self, x: Tensor) -> Tensor:
        """Features (B, outputs) of x (B, inputs)."""
        h = x
        for layer in self.layers:
            h = F.relu(layer(h))
        return torch.cat([h, x], -1) if self.skip else h
