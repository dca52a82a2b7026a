"""A ladder of dense layers for images of any size, to compare with `nets.dense` on equal footing.

On the longest path, through the uppermost rung, an encoder and a decoder of L rungs have L layers each.
"""

from __future__ import annotations

from torch import nn

from grammar_rae.nets.dense import kaiming, rectified
from grammar_rae.nets.ladder import LadderReader, LadderWriter, Merging, merging
from grammar_rae.nets.sizes import Size


def dense_ladder_reader(
    channels: int, size: int, rungs: tuple[int, ...], *, width: Size = 500
) -> LadderReader:
    """Intensities (B, C, S, S) up: one ReLU layer of `width` a level, and one in every side."""
    inputs = [channels * size**2] + [width] * (len(rungs) - 1)
    climb = [rectified(before, [width]) for before in inputs[:-1]]
    sides = [rectified(before, [width]) for before in inputs]
    return LadderReader(climb, sides, [width] * len(rungs), nn.Flatten()).apply(kaiming)


def dense_ladder_writer(
    rungs: tuple[int, ...], planes: int, size: int, *, width: Size = 500, merge: Merging = "gated"
) -> LadderWriter:
    """z (B, D) down to planes (B, P, S, S), linear at the end: one ReLU layer of `width` a level and a side."""
    merges = [merging(merge, (width,)) for _ in rungs[:-1]]
    descend: list[nn.Module] = [
        rectified(entering, [width]) for entering in [*(channels for _, channels in merges), rungs[-1]]
    ]
    shape = (planes, size, size)
    descend[0] = nn.Sequential(descend[0], nn.Linear(width, planes * size**2), nn.Unflatten(1, shape))
    sides = [rectified(rung, [width]) for rung in rungs[:-1]]
    return LadderWriter(rungs, descend, sides, [module for module, _ in merges]).apply(kaiming)
