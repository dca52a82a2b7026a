"""Ladders for strings: strided convolutions up; down a dense path of codes to the code of a flat decoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from grammar_rae.nets.autoregressive import RecurrentStep
from grammar_rae.nets.ladder import LadderReader, LadderWriter, Merging, merging
from grammar_rae.nets.sequences import RepeatDecoder
from grammar_rae.nets.sizes import Layers, Size, Sizes


class EmbeddedColumns(nn.Module):
    """Columns (B, T) → maps (B, E, T)."""

    def __init__(self, columns: int, embedding: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(columns, embedding)

    def forward(self, columns: Tensor) -> Tensor:
        """(B, E, T) of columns (B, T)."""
        return self.embed(columns).transpose(1, 2)


def strided_ladder_reader(
    columns: int,
    steps: int,
    rungs: tuple[int, ...],
    *,
    hidden: Size,
    filters: Sizes,
    embedding: Size = 64,
) -> LadderReader:
    """Columns (B, T) up: a convolution of stride 2 a level; every side has its own and a layer of `hidden`.

    Positions are kept to the end, as in `StridedEncoder`. ValueError where `filters` are not one a rung.
    """
    if len(filters) != len(rungs):
        raise ValueError(f"{len(filters)} filters, {len(rungs)} rungs; expected one of each a level")
    climb: list[nn.Module] = []
    sides: list[nn.Module] = []
    inputs, length = embedding, steps
    for outputs in filters:
        length = (length + 1) // 2
        climb.append(_convolution(inputs, outputs))
        dense = nn.Linear(outputs * length, hidden)
        sides.append(nn.Sequential(_convolution(inputs, outputs), nn.Flatten(), dense, nn.SiLU()))
        inputs = outputs
    return LadderReader(climb[:-1], sides, [hidden] * len(rungs), EmbeddedColumns(columns, embedding))


def code_path(rungs: tuple[int, ...], width: int, merge: Merging) -> LadderWriter:
    """z (B, D) down to one vector (B, width): two layers of it a level, the second of the lowest linear."""
    merges = [merging(merge, (width,)) for _ in rungs[:-1]]
    descend = [
        nn.Sequential(nn.Linear(entering, width), nn.SiLU(), nn.Linear(width, width))
        for entering in [*(channels for _, channels in merges), rungs[-1]]
    ]
    for level in descend[1:]:
        level.append(nn.SiLU())
    sides = [nn.Sequential(nn.Linear(rung, width), nn.SiLU()) for rung in rungs[:-1]]
    return LadderWriter(rungs, descend, sides, [module for module, _ in merges])


class RecurrentLadder(nn.Module):
    """A step net that sees the end of the path of codes in place of the code; its state carries that end along."""

    def __init__(
        self,
        rungs: tuple[int, ...],
        columns: int,
        features: int,
        *,
        hidden: Size,
        path: Size = 128,
        embedding: Size = 192,
        merge: Merging = "gated",
    ) -> None:
        super().__init__()
        self.path = code_path(rungs, path, merge)
        self.net = RecurrentStep(path, columns, features, hidden=hidden, embedding=embedding)
        self.sizes = [path, hidden]

    def start(self, z: Tensor) -> Tensor:
        """The state (B, path + hidden) before the first step, of z (B, D)."""
        end = self.path(z)
        return torch.cat([end, self.net.start(end)], 1)

    def step(self, z: Tensor, h: Tensor, column: Tensor, features: Tensor, t: int) -> tuple[Tensor, Tensor]:
        """Outputs (B, columns) and the next state: z (B, D), h, column (B,), features (B, F)."""
        end, state = h.split(self.sizes, 1)
        outputs, state = self.net.step(end, state, column, features, t)
        return outputs, torch.cat([end, state], 1)

    def all(self, z: Tensor, columns: Tensor, features: Tensor) -> Tensor:
        """Outputs (B, T, columns) of every step: the columns before each (B, T), features (B, T, F)."""
        return self.net.all(self.path(z), columns, features)


class RepeatLadder(nn.Module):
    """The end of the path of codes, repeated, through recurrent layers: outputs (B, T, C) of z (B, D)."""

    def __init__(
        self,
        rungs: tuple[int, ...],
        steps: int,
        columns: int,
        *,
        hidden: Size,
        layers: Layers = 3,
        path: Size = 128,
        batch_norm: bool = False,
        merge: Merging = "gated",
    ) -> None:
        super().__init__()
        self.path = code_path(rungs, path, merge)
        self.net = RepeatDecoder(path, steps, columns, hidden=hidden, layers=layers, batch_norm=batch_norm)

    def forward(self, z: Tensor) -> Tensor:
        """Outputs (B, T, C) of z (B, D)."""
        outputs: Tensor = self.net(self.path(z))
        return outputs


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv1d(inputs, outputs, 5, stride=2, padding=2), nn.SiLU())
