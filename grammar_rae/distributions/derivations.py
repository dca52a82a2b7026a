"""The papers' decoder distribution: all logits at once, a machine deciding what each step may be.

Source: Kusner, Paige, Hernández-Lobato, "Grammar Variational Autoencoder" (ICML 2017), section 3.2.
We differ in one respect unless the machine's budget is off: the mask also keeps every derivation
within its steps, in the likelihood as in sampling, so the two share one normalised distribution.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic

import torch
from torch import Tensor

from grammar_rae.distributions.compiled import decode_compiled
from grammar_rae.distributions.masking import Masked, Scores, choosable, choose, masked_logits
from grammar_rae.machines.machine import Machine, State
from grammar_rae.machines.stack import StackMachine
from grammar_rae.noise import DECODING, Noise


class Derivations(Masked, Generic[State]):
    """Derivations of T steps with logits (B, T, C) over the grammar's output columns."""

    def __init__(self, logits: Tensor, machine: Machine[State], column: Tensor) -> None:
        self.output = logits
        self.machine = machine
        self.column = column

    def scores(self, x: Tensor) -> Scores:
        """The logits, and what the machine leaves of them along the derivations x (B, T)."""
        logits = self.output[:, : x.shape[1]]
        masks = self.machine.masks(x, self.output.shape[1])
        return Scores(x, logits, masked_logits(logits, self.column, masks), x != self.machine.pad)

    def sample(self, noise: Noise, temperature: float = 1.0, prefix: Tensor | None = None) -> Tensor:
        """(B, T) int64, one uniform number a step; each row goes on from `prefix` (t,) where given."""
        u = noise.uniform(DECODING, self.output.shape[1])
        if prefix is None and (machine := self._compiled):
            return decode_compiled(self.output, u, machine, self.column, temperature)
        return self.run(lambda t, scores: choose(scores / temperature, u[:, t]), prefix)

    def mode(self, prefix: Tensor | None = None) -> Tensor:
        """(B, T) int64: the likeliest allowed production at every step."""
        if prefix is None and (machine := self._compiled):
            return decode_compiled(self.output, None, machine, self.column)
        return self.run(lambda t, scores: scores.argmax(-1), prefix)

    @property
    def _compiled(self) -> StackMachine | None:
        """The machine that the compiled loop knows, where it can read the logits."""
        if isinstance(self.machine, StackMachine) and self.output.device.type == "cpu":
            return self.machine
        return None

    def run(self, pick: Callable[[int, Tensor], Tensor], prefix: Tensor | None = None) -> Tensor:
        """The loop over tensors, on any device and without a look at their values from the host.

        `pick(t, scores (B, R)) → (B,)` chooses; the compiled loop makes the same choices on the CPU.
        """
        batch, steps, _ = self.output.shape
        given = 0 if prefix is None else len(prefix)
        state = self.machine.start(batch, steps)
        rules: list[Tensor] = []
        for t in range(steps):
            if prefix is not None and t < given:
                rules.append(prefix[t].expand(batch))
            else:
                scores = choosable(self.output[:, t], self.column, self.machine.allowed(state))
                rules.append(pick(t, scores))
            state = self.machine.advance(state, rules[-1])
        return torch.stack(rules, 1)
