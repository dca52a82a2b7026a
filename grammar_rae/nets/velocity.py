"""The velocity of codes on their way from noise: a residual network of the code and of how far it has come."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HARMONICS = 8  # sines and cosines of the time, each


class Block(nn.Module):
    """(B, width) → (B, width): two layers with SiLU beside what comes in, at first without effect."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, width)
        self.time = nn.Linear(2 * HARMONICS, width, bias=False)
        self.outer = nn.Linear(width, width)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, h: Tensor, waves: Tensor) -> Tensor:
        """Features (B, width) of h (B, width) and of `waves` (B or 1, 2 HARMONICS)."""
        return h + self.outer(F.silu(self.inner(F.silu(h)) + self.time(waves)))


class Velocity(nn.Module):
    """Codes u (B, D) at times t (B or 1, 1) from 0 to 1 → (B, D): `blocks` of `width`; 0 everywhere at first."""

    def __init__(self, latent: int, width: int, blocks: int) -> None:
        super().__init__()
        self.first = nn.Linear(latent, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
        self.last = nn.Linear(width, latent)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, u: Tensor, t: Tensor) -> Tensor:
        """Velocities (B, D)."""
        angles = math.pi / 2 * t * torch.arange(1, HARMONICS + 1, device=t.device)
        waves = torch.cat([angles.sin(), angles.cos()], -1)
        h = self.first(u)
        for block in self.blocks:
            h = block(h, waves)
        velocity: Tensor = self.last(F.silu(h))
        return velocity
