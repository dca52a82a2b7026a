"""The variational ladder: one path up whose every level has a side of its own, and one down that takes a code a level.

Zhao, Song, Ermon, "Learning Hierarchical Features from Generative Models" (ICML 2017), section 4: h₀ = x,
h_l = g_l(h_{l−1}) and z_l of h_l alone; t_L = f_L(z_L), t_l = f_l(t_{l+1}, z_l). Rungs count from the bottom.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

Merging = Literal["gated", "concatenated"]


class LadderReader(nn.Module):
    """x → `stem` → h₀; `climb` takes h_l to h_{l+1}, `sides` take each to features (B, `parts`[l]), joined in order."""

    def __init__(
        self, climb: Sequence[nn.Module], sides: Sequence[nn.Module], parts: Sequence[int], stem: nn.Module
    ) -> None:
        super().__init__()
        self.stem = stem
        self.climb = nn.ModuleList(climb)
        self.sides = nn.ModuleList(sides)
        self.parts = tuple(parts)
        self.outputs = sum(parts)

    def forward(self, x: Tensor) -> Tensor:
        """Features (B, outputs) of x (B, …): those of the lowest rung first."""
        h = self.stem(x)
        features = [self.sides[0](h)]
        for step, side in zip(self.climb, self.sides[1:], strict=True):
            h = step(h)
            features.append(side(h))
        return torch.cat(features, 1)


class Gated(nn.Module):
    """What comes from above plus what the rung says times a learned gate, 0.1 at first (published code)."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.gate = nn.Parameter(torch.full(shape, 0.1))

    def forward(self, above: Tensor, side: Tensor) -> Tensor:
        """(B, *shape) of two such."""
        return above + self.gate * side


class Concatenated(nn.Module):
    """What comes from above beside what the rung says."""

    def forward(self, above: Tensor, side: Tensor) -> Tensor:
        """(B, 2 C, …) of two (B, C, …)."""
        return torch.cat([above, side], 1)


def merging(kind: Merging, shape: tuple[int, ...]) -> tuple[nn.Module, int]:
    """The module that merges two values of a shape (C, …), and how many channels come out."""
    return (Gated(shape), shape[0]) if kind == "gated" else (Concatenated(), 2 * shape[0])


class LadderWriter(nn.Module):
    """z (B, D) → the output of the lowest level; `descend`, `sides` and `merges` are in order from the bottom."""

    def __init__(
        self,
        rungs: Sequence[int],
        descend: Sequence[nn.Module],
        sides: Sequence[nn.Module],
        merges: Sequence[nn.Module],
    ) -> None:
        super().__init__()
        self.rungs = list(rungs)
        self.descend = nn.ModuleList(descend)
        self.sides = nn.ModuleList(sides)
        self.merges = nn.ModuleList(merges)

    def forward(self, z: Tensor) -> Tensor:
        """The output (B, …) of z (B, D)."""
        *below, top = z.split(self.rungs, 1)
        t: Tensor = self.descend[-1](top)
        lower = zip(self.descend[:-1], self.merges, self.sides, below, strict=True)
        for step, merge, side, code in reversed(list(lower)):
            t = step(merge(t, side(code)))
        return t
