"""A model as other packages hold it: opened by name, and a stream of samples."""

from __future__ import annotations

import random
from functools import lru_cache
from pathlib import Path
from typing import Any

from grammar_rae.model.device import device_of
from grammar_rae.model.model import Model
from grammar_rae.runs import folder as runs
from grammar_rae.runs import succession


def opened(model: str | Path | Model, device: str) -> Model:
    """A loaded model as it is; a name or run folder loaded, and kept for as long as its weights stay the same.

    DataError where there is none.
    """
    if isinstance(model, Model):
        return model
    device_of(device)
    folder = runs.find(model).resolve()
    return _loaded(folder, device, succession.state(folder))


@lru_cache(maxsize=4)
def _loaded(folder: Path, device: str, state: tuple[Path, int, int]) -> Model:
    return Model.load(folder, device)


class Stream:
    """A stream of samples: every call draws others, and the same seed gives the same calls.

    `how` are arguments of `Model.generate`.
    """

    def __init__(self, model: str | Path | Model, seed: int, device: str, **how: Any) -> None:
        self.model = opened(model, device)
        self.how = how
        self._seeds = random.Random(seed)

    def draw(self, n: int) -> list[str]:
        """n more strings."""
        return self.model.generate(n, seed=self._seeds.getrandbits(63), **self.how)
