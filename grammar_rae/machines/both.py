"""Two machines at once: a production is allowed when both allow it."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from grammar_rae.machines.stack import StackMachine


class BothState(NamedTuple):
    syntax: Any
    meaning: Any


class Both(nn.Module):
    """Syntax and meaning. With `enforce` off the second is watched, not obeyed: what syntax alone would write."""

    def __init__(self, syntax: StackMachine, meaning: Any) -> None:
        super().__init__()
        self.syntax = syntax
        self.meaning = meaning
        self.enforce = True
        self.pad = syntax.pad
        self.feature_size = syntax.feature_size + meaning.feature_size

    @property
    def budget(self) -> bool:
        """Of the syntax; the meaning always keeps its own."""
        return self.syntax.budget

    @budget.setter
    def budget(self, on: bool) -> None:
        self.syntax.budget = on

    def start(self, batch: int, steps: int) -> BothState:
        return BothState(self.syntax.start(batch, steps), self.meaning.start(batch, steps))

    def allowed(self, state: BothState) -> Tensor:
        syntax = self.syntax.allowed(state.syntax)
        return syntax & self.meaning.allowed(state.meaning) if self.enforce else syntax

    def advance(self, state: BothState, rule: Tensor) -> BothState:
        return BothState(self.syntax.advance(state.syntax, rule), self.meaning.advance(state.meaning, rule))

    def features(self, state: BothState) -> Tensor:
        return torch.cat([self.syntax.features(state.syntax), self.meaning.features(state.meaning)], -1)

    def finished(self, state: BothState) -> Tensor:
        return self.syntax.finished(state.syntax)

    def replay(self, x: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        (masks, features), (more, beside) = self.syntax.replay(x, steps), self.meaning.replay(x, steps)
        return masks & more if self.enforce else masks, torch.cat([features, beside], -1)

    def masks(self, x: Tensor, steps: int) -> Tensor:
        return self.replay(x, steps)[0]
