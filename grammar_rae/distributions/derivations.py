"""The papers' decoder distribution: all logits at once, a machine deciding what each step may be.

Source: Kusner, Paige, Hernández-Lobato, "Grammar Variational Autoencoder" (ICML 2017), section 3.2.
We differ in one respect unless the machine's budget is off: the mask also keeps every derivation
within its steps, in the likelihood as in sampling, so the two share one normalised distribution.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from grammar_rae.distributions.kernel import decode
from grammar_rae.distributions.masked import (
    channel_cross_entropy,
    choose,
    log_feasible_mass,
    log_likelihood,
    masked_logits,
)
from grammar_rae.machines.machine import Machine
from grammar_rae.machines.stack import StackMachine
from grammar_rae.noise import DECODING, Noise


class Derivations:
    """Derivations of T steps with logits (B, T, C) over the grammar's output columns."""

    def __init__(self, logits: Tensor, machine: Machine[Any], column: Tensor) -> None:
        self.output = logits
        self.machine = machine
        self.column = column

    def log_prob(self, x: Tensor) -> Tensor:
        """(B,) nats of the derivations x (B, T) int, or of their beginnings."""
        return log_likelihood(self._scores(x), x)

    def cross_entropy(self, x: Tensor) -> Tensor:
        """(B,) the loss of the published code: `channel_cross_entropy` of the masked softmax."""
        return channel_cross_entropy(self._scores(x), x)

    def log_feasible(self, x: Tensor) -> Tensor:
        """(B,) nats that the net itself, before the mask, put on what the machine allowed along x."""
        return log_feasible_mass(self.output[:, : x.shape[1]], self._scores(x), x != self.machine.pad)

    def outputs(self, x: Tensor) -> Tensor:
        """Logits (B, T, C): what a gradient penalty differentiates."""
        return self.output

    def sample(self, noise: Noise, temperature: float = 1.0, start: Tensor | None = None) -> Tensor:
        """(B, T) int64, one uniform number a step; each row goes on from `start` (t,) where given."""
        u = noise.uniform(DECODING, self.output.shape[1])
        if start is None and (machine := self._compiled):
            return decode(self.output, u, machine, self.column, temperature)
        return self.run(lambda t, scores: choose(scores / temperature, u[:, t]), start)

    def mode(self, start: Tensor | None = None) -> Tensor:
        """(B, T) int64: the likeliest allowed production at every step."""
        if start is None and (machine := self._compiled):
            return decode(self.output, None, machine, self.column)
        return self.run(lambda t, scores: scores.argmax(-1), start)

    @property
    def _compiled(self) -> StackMachine | None:
        """The machine that the compiled loop knows, where it can read the logits."""
        if isinstance(self.machine, StackMachine) and self.output.device.type == "cpu":
            return self.machine
        return None

    def run(self, pick: Callable[[int, Tensor], Tensor], start: Tensor | None = None) -> Tensor:
        """The loop over tensors, on any device and without a look at their values from the host.

        `pick(t, scores (B, R)) → (B,)` chooses; the compiled loop makes the same choices on the CPU.
        """
        batch, steps, _ = self.output.shape
        given = 0 if start is None else len(start)
        state = self.machine.start(batch, steps)
        rules = []
        for t in range(steps):
            if start is not None and t < given:
                rules.append(start[t].expand(batch))
            else:
                scores = masked_logits(self.output[:, t], self.column, self.machine.allowed(state))
                rules.append(pick(t, scores))
            state = self.machine.advance(state, rules[-1])
        return torch.stack(rules, 1)

    def _scores(self, x: Tensor) -> Tensor:
        masks = self.machine.masks(x, self.output.shape[1])
        return masked_logits(self.output[:, : x.shape[1]], self.column, masks)
