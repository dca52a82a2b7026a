"""Integer rows of a data set, parsed once and then remembered, one byte a step where the grammar allows.

The rows that a decoder's machine would never write are found here too: their likelihood is zero.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from grammar_rae.codecs import Codec, GrammarCodec, Rejected
from grammar_rae.datasets.cache import remembered_rows
from grammar_rae.machines.machine import Machine
from grammar_rae.parsing import parse_known

CHUNK = 500
WORTHWHILE = 20_000  # items; fewer are parsed in less time than it takes to look


def encoded(codec: Codec, items: Sequence[str]) -> tuple[NDArray[np.integer], NDArray[np.int64], Rejected]:
    """`codec.encode_known(items)`, from the cache where a large data set has been encoded before."""
    if not isinstance(codec, GrammarCodec) or len(items) < WORTHWHILE:
        return codec.encode_known(items)
    grammar, steps = codec.grammar, codec.steps
    small = np.uint8 if codec.symbols <= 256 else np.int16

    def compute() -> NDArray[np.integer]:
        """(n, T) with rows of padding for what has no derivation."""
        rows, known, _ = parse_known(grammar, items, steps)
        x = np.full((len(items), steps), codec.pad, small)
        x[known] = rows
        return x

    rules = hashlib.sha256(grammar.text.encode()).hexdigest()[:12]
    x = remembered_rows(f"rows-{rules}-{steps}", items, compute)
    blank = np.flatnonzero((x == codec.pad).all(1)).tolist()  # failed, or the empty derivation
    _, _, errors = parse_known(grammar, [items[i] for i in blank], steps)
    rejected = [(blank[i], error) for i, error in errors]
    known = np.setdiff1d(np.arange(len(items)), [i for i, _ in rejected])
    return x[known], known, rejected


def refusals(
    machine: Machine[Any], codec: GrammarCodec, x: NDArray[np.integer], items: Sequence[str]
) -> NDArray[np.int64]:
    """(n,) the first step at which the machine of a codec forbids row x (n, T) of `items`; −1: none."""
    steps = codec.steps
    known_by = (machine.bonds, steps, x.shape, codec.grammar.text)
    name = hashlib.sha256(repr(known_by).encode()).hexdigest()[:12]

    def compute() -> NDArray[np.int16]:
        """Rows of a length together, and each replayed to its end alone: after that there is nothing but padding."""
        found = np.empty((len(x), 1), np.int16)
        lengths = (x != machine.pad).sum(1)
        order = np.argsort(lengths, kind="stable")
        for begin in range(0, len(x), CHUNK):
            rows = order[begin : begin + CHUNK]
            part = torch.as_tensor(x[rows, : lengths[rows[-1]] + 1]).long()
            forbidden = ~machine.masks(part, steps).gather(2, part[..., None])[..., 0]
            found[rows, 0] = torch.where(forbidden.any(1), forbidden.int().argmax(1), -1).numpy()
        return found

    if len(items) < WORTHWHILE:
        return compute()[:, 0].astype(np.int64)
    return remembered_rows(f"refused-{name}", items, compute)[:, 0].astype(np.int64)
