"""Where training stands between two epochs, and what follows from it: the learning rate, and whether to go on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from grammar_rae.training.settings import Settings


@dataclass(frozen=True)
class State:
    """What a checkpoint holds beside tensors."""

    epoch: int = 0  # epochs completed
    best: float = math.inf  # least validation loss
    stale: int = 0  # epochs since then
    since_cut: int = 0  # epochs since then, or since the plateau rule cut the rate
    rate: float = 0.0  # of the plateau rule
    history: list[dict[str, float]] = field(default_factory=list)  # one record an epoch

    def after(self, valid_loss: float, settings: Settings) -> State:
        """The state after one more epoch with that validation loss, its record not yet in the history.

        The plateau rule cuts the rate after `settings.patience` epochs without gain.
        """
        better = valid_loss < self.best
        since_cut, rate = 0 if better else self.since_cut + 1, self.rate
        if settings.schedule == "plateau" and since_cut > settings.patience:
            since_cut, rate = 0, max(rate * settings.factor, settings.floor)
        return replace(
            self,
            epoch=self.epoch + 1,
            best=min(valid_loss, self.best),
            stale=0 if better else self.stale + 1,
            since_cut=since_cut,
            rate=rate,
        )

    def anew(self) -> State:
        """The same state of another model, which no former loss speaks of."""
        return replace(self, best=math.inf, stale=0, since_cut=0)

    def recorded(self, record: dict[str, float]) -> State:
        """The same state with one more record in its history."""
        return replace(self, history=[*self.history, record])

    def ended(self, settings: Settings) -> bool:
        """Whether there is nothing left to train: every epoch is done, or too many have brought no gain."""
        stalled = settings.stop_after is not None and self.stale >= settings.stop_after
        return stalled or self.epoch >= settings.epochs

    def rate_at(self, share: float, settings: Settings) -> float:
        """The learning rate after a share of the coming epoch: the plateau rule's, or the schedule's."""
        if settings.schedule == "plateau":
            return self.rate
        done = (self.epoch + share) / settings.epochs
        height = 0.5 * (1 + math.cos(math.pi * done)) if settings.schedule == "cosine" else 4 * (1 - done)
        return settings.floor + (settings.learning_rate - settings.floor) * min(height, 1.0)
