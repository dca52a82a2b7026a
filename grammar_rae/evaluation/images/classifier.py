"""A small classifier of images, whose last hidden layer serves as features."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

SIZE = 32
CLASSES = 10


class Classifier(nn.Module):
    """Intensities (B, C, S, S) from 0 to 1, any size → features (B, 64) → logits (B, 10)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        sizes = [channels, 16, 32, 64]
        layers: list[nn.Module] = []
        for inputs, outputs in zip(sizes, sizes[1:], strict=False):
            layers += [nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.hidden = nn.Linear(64 * (SIZE // 8) ** 2, 64)
        self.out = nn.Linear(64, CLASSES)

    def features(self, x: Tensor) -> Tensor:
        """(B, 64)."""
        x = x if x.shape[-1] == SIZE else F.adaptive_avg_pool2d(x, SIZE)
        return F.relu(self.hidden(self.layers(2 * x - 1).flatten(1)))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 10)."""
        logits: Tensor = self.out(self.features(x))
        return logits
