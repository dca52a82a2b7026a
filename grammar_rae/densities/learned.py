"""Densities that are learned by gradient descent: the project's training loop on codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from grammar_rae.densities.codes import subsample
from grammar_rae.errors import DataError, option
from grammar_rae.progress import Report
from grammar_rae.training.batches import Data
from grammar_rae.training.loop import fit as run
from grammar_rae.training.settings import Settings

Net = TypeVar("Net", bound=nn.Module)

HELD_OUT = 0.1  # share of the codes that choose the epoch
PATIENCE = 3  # epochs without gain until the rate is halved; three times as many until the end


def learn(
    objective: nn.Module,
    z: Tensor,
    seed: int,
    epochs: int,
    batch: int,
    rate: float,
    report: Report,
    unit: str = " nats",
    **others: Any,
) -> None:
    """Train `objective` (z (B, D) → {term: (B,), in `unit`}) in place, the weights of the epoch that is best on a
    seeded tenth of z; `others` are settings of the training loop. DataError where it diverges.
    """
    if epochs < 1:
        raise DataError(f"{epochs} epochs; expected 1 or more")
    shuffled = subsample(z, seed, len(z))
    held_out = max(1, round(HELD_OUT * len(z)))
    settings = Settings(
        epochs=epochs,
        batch=batch,
        learning_rate=rate,
        factor=0.5,
        patience=PATIENCE,
        floor=rate / 100,
        stop_after=3 * PATIENCE,
        clip=10.0,
        seed=seed,
        **others,
    )
    device = z.device
    devices = [device.index or 0] if device.type == "cuda" else 1
    fabric = Fabric(accelerator=device.type, devices=devices)
    try:
        for record in run(objective, Data(shuffled[held_out:], shuffled[:held_out]), settings, fabric):
            report(f"fitting  {record['valid_loss']:.3f}{unit}", record["epoch"] / epochs)
    except DataError as error:
        raise DataError(
            f"the density diverged on these {len(z)} codes; try another {option('seed')}"
        ) from error


def seeded(make: Callable[[], Net], seed: int, device: torch.device) -> Net:
    """`make()` with initial weights that `seed` decides; the caller's random state is left alone."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make().to(device)
