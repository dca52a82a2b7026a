"""The training loop: one generator, one record an epoch.

The caller launches a Lightning Fabric (device, precision, DDP) and decides what to do with the records.
Everything that shapes the trajectory is a function of the seed and the step, or saved in `checkpoint/`:
a run killed at any moment and started again goes on as if nothing had happened.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from grammar_rae.errors import DataError, option
from grammar_rae.training.batches import Data, batches, gathered, share
from grammar_rae.training.checkpoint import checkpoint_of, load_checkpoint, save_checkpoint
from grammar_rae.training.settings import Settings
from grammar_rae.training.state import State

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Record = dict[str, float]
OnStep = Callable[[int, int, float], None]
Begin = Callable[[int, int, Tensor], None]
OPTIMIZERS = {"adam": torch.optim.Adam, "adamax": torch.optim.Adamax}
FUSED = {"adam": partial(torch.optim.Adam, fused=True)}  # one pass over the weights, other last digits


def fit(
    objective: nn.Module,
    data: Data,
    settings: Settings,
    fabric: Fabric,
    folder: Path | None = None,
    resume: bool = False,
    on_step: OnStep | None = None,
    begin: Begin | None = None,
    phases: int = 1,
    settling: int = 0,
) -> Iterator[Record]:
    """Train `objective`, (rows, step) → {term: (B,) or ()}, in place, yielding {epoch, train terms, valid terms,
    loss, best, rate, seconds}; the step is that of the optimizer, from the beginning of training.

    When the generator ends, the objective holds the weights of the `best` validation loss, which counts from where
    `begin` last changed any and the first `settling` steps are over: what is judged is another model before. They are
    averages over the trajectory where `settings.average` says so (Polyak, Juditsky 1992). Checkpoints
    go to `folder`, by rank 0; `resume` starts from the one there, if any. `on_step(step, steps, loss)` reports.
    `begin(epoch, epochs, rows)` runs before each of the epochs, from 0, on the training rows; it may change weights.
    Each batch takes `phases` steps; a weight that a step's loss does not reach stays as it is. The caller's random
    state is left alone.

    ValueError without rows to train on or to choose by, DataError where training diverges or a checkpoint cannot
    be read or written.
    """
    if len(data.train) == 0 or len(data.valid) == 0:
        raise ValueError(
            f"training needs rows: {len(data.train)} to train on, {len(data.valid)} to choose by"
        )
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        random = torch.get_rng_state()
    loop = _Loop.of(objective, data, settings, fabric, on_step, begin, phases, settling)
    state, best = State(rate=settings.learning_rate), loop.weights()
    if resume and folder is not None and checkpoint_of(folder).is_file():
        state, random, best = load_checkpoint(folder, objective, loop.optimizer, loop.average)
    while not state.ended(settings):
        begun = time.monotonic()
        record, rate, random, anew = loop.epoch(state, random)
        state = (state.anew() if anew else state).after(record["valid_loss"], settings)
        if state.stale == 0:
            best = loop.weights()
        rate = state.rate if settings.schedule == "plateau" else rate
        record = {"epoch": state.epoch, **record, "best": state.best, "rate": rate}
        record["seconds"] = time.monotonic() - begun
        state = state.recorded(record)
        if folder is not None and fabric.is_global_zero:
            save_checkpoint(folder, objective, loop.optimizer, state, random, best, loop.average)
        yield record
    objective.load_state_dict(best)
    objective.eval()


@dataclass(frozen=True)
class _Loop:
    """What the epochs of a run share."""

    objective: nn.Module
    parallel: nn.Module  # the objective as Fabric runs it
    average: AveragedModel | None
    optimizer: torch.optim.Optimizer
    data: Data
    settings: Settings
    fabric: Fabric
    on_step: OnStep | None
    begin: Begin | None
    phases: int
    settling: int

    @classmethod
    def of(
        cls,
        objective: nn.Module,
        data: Data,
        settings: Settings,
        fabric: Fabric,
        on_step: OnStep | None,
        begin: Begin | None,
        phases: int,
        settling: int,
    ) -> _Loop:
        """With the optimizer set up by Fabric; with an average of the weights where the settings ask for one."""
        kind = settings.optimizer
        make = FUSED.get(kind, OPTIMIZERS[kind]) if settings.precision == "bf16-mixed" else OPTIMIZERS[kind]
        optimizer = make(objective.parameters(), lr=settings.learning_rate)
        parallel, optimizer = fabric.setup(objective, optimizer)
        average = None
        if settings.average:
            average = AveragedModel(objective, multi_avg_fn=get_ema_multi_avg_fn(settings.average))
        return cls(
            objective, parallel, average, optimizer, data, settings, fabric, on_step, begin, phases, settling
        )

    def weights(self) -> dict[str, Tensor]:
        """A copy of the weights that validation judges."""
        module = self.objective if self.average is None else self.average.module
        return {name: value.detach().clone() for name, value in module.state_dict().items()}

    def epoch(self, state: State, random: Tensor) -> tuple[Record, float, Tensor, bool]:
        """One epoch from a state of torch's generator, and the validation after it: the means of the terms, the last
        step's learning rate, the generator's next state, whether no epoch before it counts. DataError where a loss is
        not finite.
        """
        anew = False  # whether what is judged has become another model since the epoch before
        with torch.random.fork_rng():
            torch.set_rng_state(random)
            if self.fabric.device.type == "cuda":  # whose own generator draws the posterior's noise there
                epoch_seed = self.settings.seed * 1_000_003 + state.epoch
                torch.cuda.manual_seed(epoch_seed * 1009 + self.fabric.global_rank)
            if self.begin is not None:
                anew = self._begin(state.epoch, self.begin)
            order = batches(self.data, self.settings, state.epoch)
            steps = state.epoch * len(order) * self.phases
            record, rate = self.train(order, state)
            random = torch.get_rng_state()
        record |= self.validate(steps + len(order) * self.phases)
        if not math.isfinite(record["train_loss"] + record["valid_loss"]):
            clip = "set" if self.settings.clip is None else "lower"
            raise DataError(
                f"training diverged in epoch {state.epoch + 1} (loss {record['train_loss']}); "
                f"lower training.learning_rate or {clip} training.clip, and {option('resume')} from the epoch before"
            )
        return record, rate, random, anew or steps <= self.settling

    def train(self, order: list[Tensor], state: State) -> tuple[Record, float]:
        """One epoch of optimizer steps, on the rows of each batch of `order`: the means of the terms, summed over the
        phases, and the learning rate that the schedule gave the last step.
        """
        self.parallel.train()
        sums: dict[str, Tensor] = {}
        rate = state.rate
        for step, indices in enumerate(order):
            rate = state.rate_at(step / len(order), self.settings)
            for phase in range(self.phases):
                number = (state.epoch * len(order) + step) * self.phases + phase
                terms, loss = self._step(indices, number, rate * self.settings.decay**number)
                for name, term in terms.items():
                    sums[name] = sums.get(name, 0.0) + term.detach().mean() / len(order)
            if self.on_step is not None:
                self.on_step(step + 1, len(order), loss.item())
        return self._reduced(sums, "train"), rate

    def _step(self, indices: Tensor, step: int, rate: float) -> tuple[dict[str, Tensor], Tensor]:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        terms = self.parallel(self._rows(self.data.train, self._share(indices)), step)
        loss = torch.stack([term.mean() for term in terms.values()]).sum()
        self.optimizer.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        if self.settings.clip is not None:
            self.fabric.clip_gradients(
                self.parallel, self.optimizer, max_norm=self.settings.clip, error_if_nonfinite=False
            )
        self.optimizer.step()
        if self.average is not None:
            self.average.update_parameters(self.objective)
        return terms, loss

    def _begin(self, epoch: int, begin: Begin) -> bool:
        """What comes before an epoch, and whether it changed weights: those are changed in their average too, and begin
        anew for the optimizer, whose moments belong to what they were.
        """
        held = {name: value.clone() for name, value in self.objective.state_dict().items()}
        with torch.no_grad():
            begin(epoch, self.settings.epochs, self.data.train)
            if self.fabric.world_size > 1:  # what it draws may differ from rank to rank
                self.objective.load_state_dict(self.fabric.broadcast(self.objective.state_dict()))
        averaged = {} if self.average is None else self.average.module.state_dict()
        now = self.objective.state_dict()
        changed = {name for name, value in now.items() if not torch.equal(value, held[name])}
        for name in changed & averaged.keys():
            averaged[name].copy_(now[name])
        for name, parameter in self.objective.named_parameters():
            if name in changed:
                self.optimizer.state.pop(parameter, None)
        return bool(changed)

    @torch.no_grad()
    def validate(self, step: int) -> Record:
        """Means over the whole validation set after so many steps, every rank its share; posterior noise is fixed."""
        judged = self.parallel if self.average is None else self.average.module
        judged.eval()
        own = self._share(torch.arange(len(self.data.valid)))
        sums: dict[str, Tensor] = {}
        with torch.random.fork_rng():
            torch.manual_seed(self.settings.seed)
            for indices in own.split(self.settings.batch):
                for name, term in judged(self._rows(self.data.valid, indices), step).items():
                    sums[name] = sums.get(name, 0.0) + term.mean() * len(indices) / len(own)
        return self._reduced(sums, "valid")

    def _share(self, indices: Tensor) -> Tensor:
        return share(indices, self.fabric.global_rank, self.fabric.world_size)

    def _rows(self, x: Tensor, indices: Tensor) -> Tensor:
        return gathered(x, indices, self.data.pad, self.fabric.device)

    def _reduced(self, sums: dict[str, Tensor], part: str) -> Record:
        """Means over all processes, and their sum as the loss."""
        reduced: dict[str, Any] = {k: self.fabric.all_reduce(v, reduce_op="mean") for k, v in sums.items()}
        means = {f"{part}_{name}": float(mean) for name, mean in reduced.items()}
        return {**means, f"{part}_loss": sum(means.values())}
