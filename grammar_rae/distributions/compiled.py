"""The masked decoding loop compiled for the CPU: the same choices as the tensors', one sample a thread.

Only the productions of the nonterminal on top are ever looked at, which is where the speed comes from.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numba import prange
from numpy.typing import NDArray
from torch import Tensor

from grammar_rae.compiling import compiled
from grammar_rae.machines.stack import StackMachine

Ints = NDArray[np.int64]
BOUNDLESS = 1 << 40  # steps


class _Tables(NamedTuple):
    """What each of R productions does, those that may be written in the order of their left sides."""

    live: Ints  # (R',) productions that may be written, by left side
    first: Ints  # (N + 1,) where in `live` those of each left side begin
    column: Ints  # (R,) output column of each
    pushed: Ints  # (R, W) nonterminals that it pushes, the topmost last
    arity: Ints  # (R,) how many
    delta: Ints  # (R,) steps that it adds to what is needed
    need: Ints  # (N,) least steps that finish a nonterminal
    bottom: int  # the nonterminal of padding
    start: int  # the nonterminal that a derivation begins with
    pad: int  # the production of padding
    budget: bool  # whether derivations must finish in time


def decode_compiled(
    logits: Tensor, u: Tensor | None, machine: StackMachine, column: Tensor, temperature: float = 1.0
) -> Tensor:
    """(B, T) int64 from logits (B, T, C) float32 and uniforms u (B, T); without u the likeliest choices."""
    chance = np.zeros((0, 0), np.float32) if u is None else u.numpy()
    scores = logits.detach().float().numpy()
    return torch.as_tensor(_decode(scores, chance, np.float32(temperature), *_tables(machine, column)))


def _tables(machine: StackMachine, column: Tensor) -> _Tables:
    lhs, live = np.nonzero(machine.fits.numpy())
    return _Tables(
        live=live,
        first=np.searchsorted(lhs, np.arange(machine.symbols + 1)),
        column=column.numpy(),
        pushed=machine.pushed.numpy(),
        arity=machine.arity.numpy(),
        delta=machine.delta.numpy(),
        need=machine.need.numpy(),
        bottom=machine.pad_symbol,
        start=machine.start_symbol,
        pad=machine.pad,
        budget=machine.budget,
    )


@compiled(parallel=True)
def _decode(  # type: ignore[no-untyped-def]
    logits, chance, temperature, live, first, column, pushed, arity, delta, needs, bottom, start, pad, budget
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
            slack = steps - t - 1 - need if budget else BOUNDLESS  # a production may add so many steps
            best = np.float32(-np.inf)
            choice = -1
            for i in range(first[top], first[top + 1]):
                rule = live[i]
                if delta[rule] > slack:
                    continue
                score = logits[b, t, column[rule]]
                if choice < 0 or score > best:
                    best, choice = score, rule
            if chance.shape[0] > 0:
                total = np.float32(0)
                for i in range(first[top], first[top + 1]):
                    rule = live[i]
                    if delta[rule] <= slack:
                        total += np.exp((logits[b, t, column[rule]] - best) / temperature)
                mass, target = np.float32(0), chance[b, t] * total
                for i in range(first[top], first[top + 1]):
                    rule = live[i]
                    if delta[rule] <= slack:
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
