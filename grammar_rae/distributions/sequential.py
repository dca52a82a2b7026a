"""An autoregressive decoder distribution: each step sees the production just chosen and the machine.

A step net offers `start(z) → h`, `step(z, h, rule, features, t) → logits, h` and
`all(z, x, features) → logits` in one pass (teacher forcing); a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol

import torch
from torch import Tensor

from grammar_rae.distributions.masking import (
    Masked,
    Scores,
    choosable,
    choose,
    columns_allowed,
    masked_logits,
)
from grammar_rae.machines.machine import Machine, State, take
from grammar_rae.nets.precision import full
from grammar_rae.noise import DECODING, Noise

SWEEP = 8  # steps between two looks for rows that are finished


class StepNet(Protocol):
    """B batch, T steps, D latent, H hidden, C output columns, F machine features."""

    def start(self, z: Tensor) -> Tensor:
        """The hidden state h (B, H) before the first step, from codes z (B, D)."""
        ...

    def step(self, z: Tensor, h: Tensor, column: Tensor, features: Tensor, t: int) -> tuple[Tensor, Tensor]:
        """Logits (B, C) of step t from the column (B,) chosen before it (C: none yet), and the next h."""
        ...

    def all(self, z: Tensor, columns: Tensor, features: Tensor) -> Tensor:
        """Logits (B, T, C) given every preceding column (B, T)."""
        ...


class Sequential(Masked, Generic[State]):
    """Derivations of at most `steps` productions, drawn one after the other from codes z (B, D)."""

    def __init__(
        self, net: StepNet, z: Tensor, machine: Machine[State], column: Tensor, columns: int, steps: int
    ) -> None:
        self.net = net
        self.z = z
        self.machine = machine
        self.column = column
        self.none = columns  # stands for «nothing chosen yet»: one past the last column
        self.steps = steps

    def scores(self, x: Tensor) -> Scores:
        """Logits under teacher forcing along x (B, T), and what the machine leaves of them."""
        masks, features = self.machine.replay(x, self.steps)
        outputs = self.net.all(self.z, self._before(x), features)
        logits, real = full(outputs), x != self.machine.pad
        if logits is outputs:
            return Scores(x, logits, masked_logits(logits, self.column, masks), real)
        allowed = columns_allowed(masks, self.column, self.none)
        return Scores(self.column[x.long()], logits, logits.masked_fill(~allowed, -torch.inf), real)

    def sample(self, noise: Noise, temperature: float = 1.0, prefix: Tensor | None = None) -> Tensor:
        """(B, steps) int64, one uniform number a step; each row goes on from `prefix` (t,) where given."""
        u = noise.uniform(DECODING, self.steps)
        return self._run(lambda scores, u: choose(scores / temperature, u), u, prefix)

    def mode(self, prefix: Tensor | None = None) -> Tensor:
        """(B, steps) int64: the likeliest allowed production at every step, given those before."""
        u = torch.zeros(len(self.z), self.steps, device=self.z.device)
        return self._run(lambda scores, u: scores.argmax(-1), u, prefix)

    def _before(self, x: Tensor) -> Tensor:
        columns = self.column[x.long()]
        return torch.cat([torch.full_like(columns[:, :1], self.none), columns[:, :-1]], 1)

    def _run(self, pick: Callable[[Tensor, Tensor], Tensor], u: Tensor, prefix: Tensor | None) -> Tensor:
        """The loop; on the CPU, rows that are finished leave it."""
        given = 0 if prefix is None else len(prefix)
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
            if prefix is not None and t < given:
                rule = prefix[t].expand(len(z))
            else:
                rule = pick(choosable(logits, self.column, self.machine.allowed(state)), u[:, t])
            x[rows, t] = rule
            state = self.machine.advance(state, rule)
            column = self.column[rule]
        return x
