"""Nets of layers and ReLU as the linear maps that they are around a code.

Around almost every z the net is y + J (z' − z): J is the product of its matrices, with the rows of units that are off
at 0. That is exact and needs no automatic differentiation (Park, Kim, Kim 2019, section 3.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Linearised:
    """A net around codes z (B, D): its output y (B, …) of N numbers, and J = weight · featuresᵀ, not multiplied out."""

    output: Tensor
    features: Tensor  # (B, D, H) derivatives of the last features by each coordinate
    weight: Tensor  # (N, H) of the last layer

    @property
    def jacobian(self) -> Tensor:
        """J (B, N, D)."""
        return F.linear(self.features, self.weight).mT

    def pulled(self, slopes: Tensor) -> Tensor:
        """Jᵀ slopes (B, D) of slopes (B, …), one for each number of the output."""
        return (self.features @ (slopes.flatten(1) @ self.weight)[..., None])[..., 0]

    def squared(self, weights: Tensor) -> Tensor:
        """Jᵀ diag(weights) J (B, D, D) of weights (B, …), none below 0, or of () one for all numbers.

        With one for all J is never made: the square of the last matrix is (H, H), whatever N.
        """
        if not weights.dim():
            return weights * (self.features @ (self.weight.T @ self.weight)) @ self.features.mT
        scaled = F.linear(self.features, self.weight) * weights.flatten(1).sqrt()[:, None]
        return scaled @ scaled.mT


def through(layers: nn.Sequential, z: Tensor, by: int) -> tuple[Tensor, Tensor]:
    """Features (B, H) of z (B, …) behind `layers`, each linear and then ReLU, and their derivatives (B, D, H) by the
    first D = `by` numbers of z.
    """
    h, slopes = z, torch.eye(by, z.shape[1], dtype=z.dtype, device=z.device)
    for layer in layers:
        slopes = F.linear(slopes, layer.weight) if isinstance(layer, nn.Linear) else slopes * (h > 0)[:, None]
        h = layer(h)
    return h, slopes
