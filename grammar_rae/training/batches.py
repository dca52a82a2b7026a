"""The rows that training takes, and the batches in which they come."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from grammar_rae.training.settings import Settings

POOL = 50  # batches whose rows are sorted by length together


@dataclass(frozen=True)
class Data:
    """Rows (n, …), integers (n, T) or codes (n, D), and the symbol that pads them."""

    train: Tensor
    valid: Tensor
    pad: int | None = None  # rows are cut where a whole batch is padding; None: never


def batches(data: Data, settings: Settings, epoch: int) -> list[Tensor]:
    """The row indices (B,) of every batch of an epoch: a slice of an endless chain of seeded permutations.

    With `settings.by_length` the rows of a batch are of about one length, the batches in random order.
    """
    n = len(data.train)
    size = min(settings.epoch_examples or n, n)
    span = range(epoch * size, (epoch + 1) * size)
    parts = []
    for turn in range(span.start // n, (span.stop - 1) // n + 1):
        permutation = torch.randperm(n, generator=_generator(settings.seed, turn))
        parts.append(permutation[max(span.start - turn * n, 0) : max(span.stop - turn * n, 0)])
    indices = torch.cat(parts)
    if not settings.by_length or data.pad is None:
        return list(indices.split(settings.batch))
    lengths = (data.train[indices] != data.pad).sum(1)
    pools = zip(indices.split(POOL * settings.batch), lengths.split(POOL * settings.batch), strict=True)
    grouped = [batch for rows, sizes in pools for batch in rows[sizes.argsort()].split(settings.batch)]
    order = torch.randperm(len(grouped), generator=_generator(settings.seed, epoch, 1))
    return [grouped[i] for i in order]


def _generator(seed: int, turn: int, stream: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed((seed * 2 + stream) * 1_000_003 + turn)


def share(indices: Tensor, rank: int, processes: int) -> Tensor:
    """The part of a batch that process number `rank` takes; all of it where there are fewer rows than processes."""
    return indices if len(indices) < processes else indices[rank::processes]


def gathered(x: Tensor, indices: Tensor, pad: int | None, device: torch.device) -> Tensor:
    """Rows (B, …) of x on a device, cut after the last column that is not all padding."""
    rows = x[indices]
    if pad is not None:
        rows = rows[:, : int((rows != pad).any(0).nonzero().max()) + 1]
    return rows.to(device, non_blocking=True)
