"""The training loop: one generator, one record an epoch.

The caller launches a Lightning Fabric (device, precision, DDP) and decides what to do with the records.
Everything that shapes the trajectory is a function of the seed and the step, or saved in `checkpoint/`:
a run killed at any moment and started again goes on as if nothing had happened.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from grammar_rae.checkpoint import load_checkpoint, save_checkpoint
from grammar_rae.errors import DataError
from grammar_rae.memory import keep_freed
from grammar_rae.settings import Settings


@dataclass
class Progress:
    """Where a run stands; saved with every checkpoint."""

    epoch: int = 0
    best: float = float("inf")
    stale: int = 0
    since_cut: int = 0
    rate: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Data:
    """Rows (n, …), integers (n, T) or codes (n, D), and the symbol that pads them."""

    train: Tensor
    valid: Tensor
    pad: int | None = None  # rows are cut where a whole batch is padding; None: never


def fit(
    objective: nn.Module,
    data: Data,
    settings: Settings,
    fabric: Any,
    folder: Path | None = None,
    resume: bool = False,
    on_step: Callable[[int, int, float], None] | None = None,
) -> Iterator[dict[str, float]]:
    """Train `objective`, rows → {term: (B,) or ()}, in place, yielding {epoch, train terms, valid terms,
    loss, rate, seconds}.

    When the generator ends, the objective holds the weights of the best validation loss, which are averages
    over the trajectory where `settings.average` says so (Polyak, Juditsky 1992). Checkpoints
    go to `folder`, by rank 0; `resume` starts from the one there. `on_step(step, steps, loss)` reports.
    The caller's random state is left alone.
    """
    if len(data.train) == 0 or len(data.valid) == 0:
        raise ValueError(
            f"training needs rows: {len(data.train)} to train on, {len(data.valid)} to choose by"
        )
    keep_freed()
    inner = objective
    progress = Progress(rate=settings.learning_rate)
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        random = torch.get_rng_state()
    optimizer = torch.optim.Adam(inner.parameters(), lr=settings.learning_rate)
    wrapped, optimizer = fabric.setup(inner, optimizer)
    average = None
    if settings.average:
        average = AveragedModel(inner, multi_avg_fn=get_ema_multi_avg_fn(settings.average))
    judged = inner if average is None else average.module
    best = _copy(judged)
    if resume and folder is not None:
        progress, random, best = load_checkpoint(folder, inner, optimizer, average)
    while progress.epoch < settings.epochs and not _stopped(progress, settings):
        begun = time.monotonic()
        with torch.random.fork_rng():
            torch.set_rng_state(random)
            if fabric.device.type == "cuda":  # whose own generator draws the posterior's noise there
                turn = settings.seed * 1_000_003 + progress.epoch
                torch.cuda.manual_seed(turn * 1009 + fabric.global_rank)
            record = _train_epoch(wrapped, average, optimizer, data, settings, progress, fabric, on_step)
            random = torch.get_rng_state()
        record |= _validate(wrapped if average is None else judged, data, settings, fabric)
        if not math.isfinite(record["train_loss"] + record["valid_loss"]):
            raise DataError(
                f"training diverged in epoch {progress.epoch + 1} (loss {record['train_loss']}); "
                "lower training.learning_rate or set training.clip, and --resume from the epoch before"
            )
        progress.epoch += 1
        _judge(progress, settings, record["valid_loss"])
        if progress.stale == 0:
            best = _copy(judged)
        record = {"epoch": progress.epoch, **record, "rate": progress.rate}
        record["seconds"] = time.monotonic() - begun
        progress.history.append(record)
        if folder is not None and fabric.is_global_zero:
            save_checkpoint(folder, inner, optimizer, progress, random, best, average)
        yield record
    inner.load_state_dict(best)
    inner.eval()


def batches(data: Data, settings: Settings, epoch: int) -> list[Tensor]:
    """The row indices of every batch of an epoch: a slice of an endless chain of seeded permutations."""
    n = len(data.train)
    size = min(settings.epoch_examples or n, n)
    order, wanted = [], range(epoch * size, (epoch + 1) * size)
    for turn in range(wanted.start // n, (wanted.stop - 1) // n + 1):
        permutation = torch.randperm(n, generator=_generator(settings.seed, turn))
        order.append(permutation[max(wanted.start - turn * n, 0) : max(wanted.stop - turn * n, 0)])
    indices = torch.cat(order)
    if not settings.by_length or data.pad is None:
        return list(indices.split(settings.batch))
    lengths = (data.train[indices] != data.pad).sum(1)
    pools = indices.split(50 * settings.batch), lengths.split(50 * settings.batch)
    cut = [b for rows, long in zip(*pools, strict=True) for b in rows[long.argsort()].split(settings.batch)]
    shuffle = torch.randperm(len(cut), generator=_generator(settings.seed, epoch, 1))
    return [cut[i] for i in shuffle]


def _generator(seed: int, turn: int, stream: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed((seed * 2 + stream) * 1_000_003 + turn)


def _share(indices: Tensor, fabric: Any) -> Tensor:
    """A process's part of a batch; all of it where there are fewer rows than processes."""
    few = len(indices) < fabric.world_size
    return indices if few else indices[fabric.global_rank :: fabric.world_size]


def _rows(x: Tensor, indices: Tensor, pad: int | None, device: torch.device) -> Tensor:
    rows = x[indices]
    if pad is not None:
        rows = rows[:, : int((rows != pad).any(0).nonzero().max()) + 1]
    return rows.to(device, non_blocking=True)


def _train_epoch(
    objective: nn.Module,
    average: AveragedModel | None,
    optimizer: torch.optim.Optimizer,
    data: Data,
    settings: Settings,
    progress: Progress,
    fabric: Any,
    on_step: Callable[[int, int, float], None] | None,
) -> dict[str, float]:
    objective.train()
    order = batches(data, settings, progress.epoch)
    sums: dict[str, Tensor] = {}
    for step, indices in enumerate(order):
        if settings.schedule != "plateau":
            share = (progress.epoch + step / len(order)) / settings.epochs
            height = (
                0.5 * (1 + math.cos(math.pi * share)) if settings.schedule == "cosine" else 4 * (1 - share)
            )
            progress.rate = settings.floor + (settings.learning_rate - settings.floor) * min(height, 1.0)
        for group in optimizer.param_groups:
            group["lr"] = progress.rate
        own = _share(indices, fabric)
        terms = objective(_rows(data.train, own, data.pad, fabric.device))
        loss = torch.stack([term.mean() for term in terms.values()]).sum()
        optimizer.zero_grad(set_to_none=True)
        fabric.backward(loss)
        if settings.clip is not None:
            fabric.clip_gradients(objective, optimizer, max_norm=settings.clip)
        optimizer.step()
        if average is not None:
            average.update_parameters(getattr(objective, "module", objective))
        for name, term in terms.items():
            sums[name] = sums.get(name, 0.0) + term.detach().mean() / len(order)
        if on_step is not None:
            on_step(step + 1, len(order), loss.item())
    return _reduced(fabric, sums, "train")


@torch.no_grad()
def _validate(objective: nn.Module, data: Data, settings: Settings, fabric: Any) -> dict[str, float]:
    """Means over the whole validation set, every rank its share; posterior noise is fixed."""
    objective.eval()
    own = _share(torch.arange(len(data.valid)), fabric)
    sums: dict[str, Tensor] = {}
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        for indices in own.split(settings.batch):
            for name, term in objective(_rows(data.valid, indices, data.pad, fabric.device)).items():
                sums[name] = sums.get(name, 0.0) + term.mean() * len(indices) / len(own)
    return _reduced(fabric, sums, "valid")


def _reduced(fabric: Any, sums: dict[str, Tensor], prefix: str) -> dict[str, float]:
    means = {name: float(fabric.all_reduce(value, reduce_op="mean")) for name, value in sums.items()}
    return {**{f"{prefix}_{k}": v for k, v in means.items()}, f"{prefix}_loss": sum(means.values())}


def _judge(progress: Progress, settings: Settings, loss: float) -> None:
    """Best so far, early stop, and the plateau rule: cut the rate after `patience` epochs without gain."""
    improved = loss < progress.best
    progress.best = min(loss, progress.best)
    progress.stale = 0 if improved else progress.stale + 1
    progress.since_cut = 0 if improved else progress.since_cut + 1
    if settings.schedule == "plateau" and progress.since_cut > settings.patience:
        progress.rate = max(progress.rate * settings.factor, settings.floor)
        progress.since_cut = 0


def _stopped(progress: Progress, settings: Settings) -> bool:
    return settings.stop_after is not None and progress.stale >= settings.stop_after


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}
