"""The masked decoding loop compiled for the CPU: the same choices as the tensors', one sample a thread.

Only the productions of the nonterminal on top are ever looked at, which is where the speed comes from.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import njit, prange
from torch import Tensor

from grammar_rae.machines.stack import StackMachine


def decode(
    logits: Tensor, u: Tensor | None, machine: StackMachine, column: Tensor, temperature: float = 1.0
) -> Tensor:
    """(B, T) int64 from logits (B, T, C) float32 and uniforms u (B, T); without u the likeliest choices."""
    tables = _tables(machine, column)
    scores = logits.detach().float().numpy()
    chance = np.zeros((0, 0), np.float32) if u is None else u.numpy()
    options: tuple[Any, ...] = machine.start_symbol, machine.pad, machine.budget, np.float32(temperature)
    return torch.as_tensor(_decode(scores, chance, *tables, *options))


def _tables(machine: StackMachine, column: Tensor) -> tuple[Any, ...]:
    """Live productions by left side, and what each one does to the stack and to the need."""
    lhs, rules = np.nonzero(machine.fits.numpy())
    first = np.searchsorted(lhs, np.arange(machine.symbols + 1))
    return (
        rules,
        first,
        column.numpy(),
        machine.pushed.numpy(),
        machine.arity.numpy(),
        machine.delta.numpy(),
        machine.need.numpy(),
        int(machine.pad_symbol),
    )


@njit(cache=True, parallel=True, nogil=True)
def _decode(  # type: ignore[no-untyped-def]
    logits, chance, rules, first, column, pushed, arity, delta, needs, bottom, start, pad, budget, temperature
):
    batch, steps, _ = logits.shape
    x = np.empty((batch, steps), np.int64)
    for b in prange(batch):
        stack = np.empty(steps * max(pushed.shape[1], 1) + 2, np.int64)
        stack[0], stack[1] = bottom, start
        height, need = 2, needs[start]
        for t in range(steps):
            top = stack[height - 1]
            if top == bottom:
                x[b, t:] = pad
                break
            best = np.float32(-np.inf)
            choice = -1
            for i in range(first[top], first[top + 1]):
                rule = rules[i]
                if budget and need + delta[rule] > steps - t - 1:
                    continue
                score = logits[b, t, column[rule]]
                if choice < 0 or score > best:
                    best, choice = score, rule
            if chance.shape[0] > 0:
                total = np.float32(0)
                for i in range(first[top], first[top + 1]):
                    rule = rules[i]
                    if not budget or need + delta[rule] <= steps - t - 1:
                        total += np.exp((logits[b, t, column[rule]] - best) / temperature)
                mass, target = np.float32(0), chance[b, t] * total
                for i in range(first[top], first[top + 1]):
                    rule = rules[i]
                    if not budget or need + delta[rule] <= steps - t - 1:
                        mass += np.exp((logits[b, t, column[rule]] - best) / temperature)
                        choice = rule
                        if mass > target:
                            break
            x[b, t] = choice
            need += delta[choice]
            height -= 1
            for k in range(arity[choice]):
                stack[height + k] = pushed[choice, k]
            height += arity[choice]
    return x
