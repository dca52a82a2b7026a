"""The syntax machine: a pushdown stack with a step budget.

`need[A]` is the least number of productions that finishes nonterminal A, `delta[r]` what production r
adds to the total still needed. A production is allowed when its left side is on top of the stack and
the total after it fits the steps left, so every derivation finishes within its budget. Without a budget
(the Grammar VAE's behaviour, Kusner et al. 2017) any production of the top nonterminal is allowed and
a derivation may be left unfinished.

Below the stack lies the padding nonterminal, which only the padding production can take, and it is
never removed: a finished derivation is followed by padding at probability one.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from grammar_rae.grammar.grammar import Grammar
from grammar_rae.machines.machine import Masks


@dataclass(frozen=True)
class StackState:
    """B samples, S places on the stack."""

    stack: Tensor  # (B, S) nonterminals, bottom first
    height: Tensor  # (B,) how many are on it, the padding nonterminal included
    need: Tensor  # (B,) least steps that finish the derivation
    left: Tensor  # (B,) steps left


class StackMachine(nn.Module):
    """Syntax of `grammar`; with `budget` every derivation also finishes in time.

    Features (F = N + 3): one-hot of the nonterminal on top, depth, steps left, slack; the last three
    as logarithms, so that one scale serves short and long derivations.
    """

    lhs: Tensor
    pushed: Tensor
    arity: Tensor
    need: Tensor
    delta: Tensor
    fits: Tensor
    bonds = None

    def __init__(self, grammar: Grammar, budget: bool = True) -> None:
        super().__init__()
        tables = grammar.tables
        self.budget = budget
        self.start_symbol = tables.start
        self.pad = tables.pad
        self.pad_symbol = int(tables.lhs[tables.pad])
        self.symbols = len(tables.need)
        self.least = int(tables.need[tables.start])
        self.feature_size = self.symbols + 3
        lhs = torch.as_tensor(tables.lhs)
        children = torch.as_tensor(tables.children)
        arity = torch.as_tensor(tables.arity)
        width = children.shape[1]
        place = arity[:, None] - 1 - torch.arange(width)  # the leftmost child goes on top
        pushed = torch.where(place >= 0, children.gather(1, place.clamp(min=0)), 0)
        for name, value in {
            "lhs": lhs,
            "pushed": pushed,
            "arity": arity,
            "need": torch.as_tensor(tables.need),
            "delta": torch.as_tensor(tables.delta),
            "fits": (lhs == torch.arange(self.symbols)[:, None]) & ~torch.as_tensor(tables.dead),  # (N, R)
        }.items():
            self.register_buffer(name, value, persistent=False)

    def under(self, masks: Masks) -> StackMachine:
        """The same syntax, with or without a budget."""
        machine = copy.copy(self)
        machine.budget = masks.budget
        return machine

    def start(self, batch: int, steps: int) -> StackState:
        """The state before the first production. ValueError when no derivation fits into `steps`."""
        if steps < self.least:
            raise ValueError(f"{steps} steps are too few: the shortest derivation takes {self.least}")
        width = self.pushed.shape[1]
        deepest = steps if self.budget else steps * max(width - 1, 0) + 1
        stack = torch.full((batch, deepest + width + 1), self.pad_symbol, device=self.lhs.device)
        stack[:, 1] = self.start_symbol
        full = torch.full((batch,), 2, device=self.lhs.device)
        return StackState(stack, full, full * 0 + self.least, full * 0 + steps)

    def allowed(self, state: StackState) -> Tensor:
        """(B, R) bool: never an empty row."""
        top = state.stack.gather(1, state.height[:, None] - 1)[:, 0]
        return self._allowed(top, state.need, state.left)

    def advance(self, state: StackState, rule: Tensor) -> StackState:
        """The state after production `rule` (B,) int64."""
        padding = rule == self.pad
        bottom = torch.where(padding, state.height, state.height - 1)
        place = bottom[:, None] + torch.arange(self.pushed.shape[1], device=rule.device)
        stack = state.stack.scatter(1, place, self.pushed[rule])
        # what lies above the new height is garbage that a later push overwrites
        stack[:, 0] = self.pad_symbol
        return StackState(stack, bottom + self.arity[rule], state.need + self.delta[rule], state.left - 1)

    def features(self, state: StackState) -> Tensor:
        """(B, F) float32: what a step net may know of the state."""
        top = state.stack.gather(1, state.height[:, None] - 1)[:, 0]
        return self._features(top, state.height - 1, state.need, state.left)

    def finished(self, state: StackState) -> Tensor:
        """(B,) bool: only padding is left."""
        return state.need == 0

    def replay(self, x: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        """The same masks and features from cumulative sums: the true left sides are the stack tops."""
        top, depth, need, left = self._trace(x, steps)
        return self._allowed(top, need, left), self._features(top, depth, need, left)

    def masks(self, x: Tensor, steps: int) -> Tensor:
        """(B, T, R): the first half of `replay`."""
        top, _, need, left = self._trace(x, steps)
        return self._allowed(top, need, left)

    def _trace(self, x: Tensor, steps: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x = x.long()
        pushed = torch.where(x == self.pad, 0, self.arity[x] - 1)
        depth = 1 + pushed.cumsum(-1) - pushed
        spent = self.delta[x]
        need = self.least + spent.cumsum(-1) - spent
        left = steps - torch.arange(x.shape[-1], device=x.device)
        return self.lhs[x], depth, need, left.expand_as(x)

    def _allowed(self, top: Tensor, need: Tensor, left: Tensor) -> Tensor:
        fits = self.fits[top]
        return fits & (self.delta <= (left - 1 - need)[..., None]) if self.budget else fits

    def _features(self, top: Tensor, depth: Tensor, need: Tensor, left: Tensor) -> Tensor:
        counts = torch.stack([depth, left, left - need], -1).clamp(min=0)
        return torch.cat([F.one_hot(top, self.symbols).float(), torch.log1p(counts.float())], -1)
