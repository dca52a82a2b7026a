"""Integer rows of a data set, parsed once and then remembered, one byte a step where the grammar allows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from grammar_rae.codecs.codec import Codec, Rejected, Rows
from grammar_rae.codecs.grammar import GrammarCodec
from grammar_rae.files.cache import WORTHWHILE, remembered_rows
from grammar_rae.grammar.parsing.parser import parse_known


def encode_known(
    codec: Codec[str, Sequence[str | None]], items: Sequence[str], least: int = WORTHWHILE
) -> tuple[Rows, NDArray[np.int64], Rejected]:
    """`codec.encode_known(items)`, from the cache where `least` items or more have been encoded before."""
    if not isinstance(codec, GrammarCodec) or len(items) < least:
        return codec.encode_known(items)
    grammar, steps = codec.grammar, codec.steps
    small = np.uint8 if codec.symbols <= 256 else np.int16

    def compute() -> Rows:
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
