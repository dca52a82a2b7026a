"""An autoregressive decoder distribution: each step sees the production just chosen and the machine.

A step net offers `start(z) → h`, `step(z, h, rule, features, t) → logits, h` and
`all(z, x, features) → logits` in one pass (teacher forcing); a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from grammar_rae.distributions.masked import (
    channel_cross_entropy,
    choose,
    log_feasible_mass,
    log_likelihood,
    masked_logits,
)
from grammar_rae.machines.machine import Machine, take
from grammar_rae.noise import DECODING, Noise

SWEEP = 8  # steps between two looks for rows that are finished


class StepNet(Protocol):
    """B batch, T steps, D latent, C output columns, F machine features."""

    def start(self, z: Tensor) -> Any: ...

    def step(self, z: Tensor, h: Any, column: Tensor, features: Tensor, t: int) -> tuple[Tensor, Any]:
        """Logits (B, C) of step t from the column (B,) chosen before it (C: none yet)."""
        ...

    def all(self, z: Tensor, columns: Tensor, features: Tensor) -> Tensor:
        """Logits (B, T, C) given every preceding column (B, T)."""
        ...


class Sequential:
    """Derivations of at most `steps` productions, drawn one after the other from codes z (B, D)."""

    def __init__(
        self,
        net: StepNet,
        z: Tensor,
        machine: Machine[Any],
        column: Tensor,
        columns: int,
        steps: int,
    ) -> None:
        self.net = net
        self.z = z
        self.machine = machine
        self.column = column
        self.none = columns  # stands for «nothing chosen yet»: one past the last column
        self.steps = steps
        self._last: tuple[Tensor, Tensor, Tensor] | None = None

    def log_prob(self, x: Tensor) -> Tensor:
        """(B,) nats of x (B, T), T ≤ steps; rows may be cut where all of them are padding."""
        return log_likelihood(self._pass(x)[1], x)

    def cross_entropy(self, x: Tensor) -> Tensor:
        """(B,) binary cross-entropy over all productions, masked."""
        return channel_cross_entropy(self._pass(x)[1], x)

    def log_feasible(self, x: Tensor) -> Tensor:
        """(B,) nats that the net itself, before the mask, put on what the machine allowed along x."""
        logits, scores = self._pass(x)
        return log_feasible_mass(logits, scores, x != self.machine.pad)

    def outputs(self, x: Tensor) -> Tensor:
        """Logits (B, T, C) under teacher forcing: what a gradient penalty differentiates."""
        return self._pass(x)[0]

    def sample(self, noise: Noise, temperature: float = 1.0, start: Tensor | None = None) -> Tensor:
        """(B, steps) int64, one uniform number a step; each row goes on from `start` (t,) where given."""
        u = noise.uniform(DECODING, self.steps)
        return self._run(lambda scores, u: choose(scores / temperature, u), u, start)

    def mode(self, start: Tensor | None = None) -> Tensor:
        """(B, steps) int64: the likeliest allowed production at every step, given those before."""
        u = torch.zeros(len(self.z), self.steps, device=self.z.device)
        return self._run(lambda scores, u: scores.argmax(-1), u, start)

    def _pass(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, T, C) and masked scores (B, T, R) along x; kept for the next term that asks."""
        if self._last is None or self._last[0] is not x:
            masks, features = self.machine.replay(x, self.steps)
            logits = self.net.all(self.z, self._before(x), features)
            self._last = x, logits, masked_logits(logits, self.column, masks)
        return self._last[1:]

    def _before(self, x: Tensor) -> Tensor:
        columns = self.column[x.long()]
        return torch.cat([torch.full_like(columns[:, :1], self.none), columns[:, :-1]], 1)

    def _run(self, pick: Callable[[Tensor, Tensor], Tensor], u: Tensor, start: Tensor | None) -> Tensor:
        """The loop; on the CPU, rows that are finished leave it."""
        given = 0 if start is None else len(start)
        x = torch.full((len(self.z), self.steps), self.machine.pad, device=self.z.device)
        rows, z = torch.arange(len(self.z), device=self.z.device), self.z
        state, h = self.machine.start(len(z), self.steps), self.net.start(z)
        column = torch.full((len(z),), self.none, device=z.device)
        for t in range(self.steps):
            if z.device.type == "cpu" and t % SWEEP == 0:
                going = (~self.machine.finished(state)).nonzero()[:, 0]
                if not len(going):
                    break
                rows, z, column, h, state, u = take((rows, z, column, h, state, u), going)
            logits, h = self.net.step(z, h, column, self.machine.features(state), t)
            if start is not None and t < given:
                rule = start[t].expand(len(z))
            else:
                rule = pick(masked_logits(logits, self.column, self.machine.allowed(state)), u[:, t])
            x[rows, t] = rule
            state = self.machine.advance(state, rule)
            column = self.column[rule]
        return x
