"""How much of a data set a machine can write: the derivations that it forbids have likelihood zero."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from grammar_rae.files.cache import WORTHWHILE, remembered_rows
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.machines.machine import Machine, State

CHUNK = 500  # rows replayed together


def first_refusals(
    machine: Machine[State],
    grammar: Grammar,
    x: NDArray[np.integer],
    steps: int,
    items: Sequence[str],
    chunk: int = CHUNK,
) -> NDArray[np.int64]:
    """(n,) the first step at which the machine of a grammar, with `steps` to spend, forbids row x (n, T); −1: none.

    `items`: the n strings that x derives. What has been found for many of them is remembered.
    """
    if len(items) < WORTHWHILE:
        return _replayed(machine, x, steps, chunk)
    asked = repr((machine.bonds, steps, x.shape, grammar.text))
    name = hashlib.sha256(asked.encode()).hexdigest()[:12]
    rows = remembered_rows(
        f"refused-{name}", items, lambda: _replayed(machine, x, steps, chunk)[:, None].astype(np.int16)
    )
    return rows[:, 0].astype(np.int64)


def _replayed(machine: Machine[State], x: NDArray[np.integer], steps: int, chunk: int) -> NDArray[np.int64]:
    """Rows of a length together, and each replayed to its end alone: after that there is nothing but padding."""
    first = np.empty(len(x), np.int64)
    lengths = (x != machine.pad).sum(1)
    order = np.argsort(lengths, kind="stable")
    for begin in range(0, len(x), chunk):
        rows = order[begin : begin + chunk]
        part = torch.as_tensor(x[rows, : lengths[rows[-1]] + 1]).long()
        forbidden = ~machine.masks(part, steps).gather(2, part[..., None])[..., 0]
        first[rows] = torch.where(forbidden.any(1), forbidden.int().argmax(1), -1).numpy()
    return first
