"""Encoders: what a network reads of rows, the network, a head; calling one gives the posterior q(z | x)."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from pydantic import NonNegativeFloat
from torch import Tensor, nn

from grammar_rae.distributions.interfaces import Posterior
from grammar_rae.nets.precision import full


class Columns(nn.Module):
    """x (B, T) int → output columns (B, steps), padded with the column of the padding symbol."""

    column: Tensor

    def __init__(self, column: NDArray[np.integer], steps: int, pad: int) -> None:
        super().__init__()
        self.register_buffer("column", torch.as_tensor(column), persistent=False)
        self.steps = steps
        self.pad = pad

    def forward(self, x: Tensor) -> Tensor:
        """(B, steps) columns of x (B, T)."""
        return F.pad(self.column[x.long()], (0, self.steps - x.shape[1]), value=self.pad)


class Intensities(nn.Module):
    """x (B, C, H, W) uint8 → intensities from −1 to 1; `jitter` is noise on them in training.

    The jitter is N(0, j²) on intensities from 0 to 1, cut off at ±j (Ghosh et al. 2020, code of WAE on CelebA).
    """

    def __init__(self, *, jitter: NonNegativeFloat = 0.0) -> None:
        super().__init__()
        self.jitter = jitter

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) intensities of x (B, C, H, W)."""
        intensities = x / 255
        if self.jitter and self.training:
            noise = self.jitter * torch.randn_like(intensities)
            intensities = intensities + noise.clamp(-self.jitter, self.jitter)
        return 2 * intensities - 1


class Encoder(nn.Module):
    """Rows x (B, …) → what a net reads → net → head, the last always in float32: half a code's digits are no code."""

    def __init__(self, inputs: nn.Module, net: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.inputs = inputs
        self.net = net
        self.head = head

    def forward(self, x: Tensor) -> Posterior:
        """q(z | x) of x (B, …)."""
        h = full(self.net(self.inputs(x)))
        with torch.autocast(x.device.type, enabled=False):
            q: Posterior = self.head(h)
        return q
