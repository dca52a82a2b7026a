"""Strings to leftmost derivations and back, whole batches at a time, on every core.

An LL(1) grammar is parsed by table look-up, any other by Earley's algorithm; cyclic grammars are refused
when they are read, so that every string has finitely many derivations.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, overload

import numpy as np
from numpy.typing import NDArray

from grammar_rae.compiled import compiled
from grammar_rae.errors import ParseError
from grammar_rae.explaining import excerpt, explain
from grammar_rae.grammar import Grammar
from grammar_rae.parallel import cores
from grammar_rae.rendering import render

__all__ = ["derivations", "render"]

Ints = NDArray[np.int64]
Rows = NDArray[np.int16]
Part = tuple[Ints, Ints, NDArray[np.bool_]]
FEW = 64  # texts that are not worth a second thread
_NONE: Part = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, bool))


@overload
def derivations(
    grammar: Grammar, texts: Sequence[str], steps: int | None = None, *, threads: int | None = None
) -> Rows: ...
@overload
def derivations(
    grammar: Grammar,
    texts: Sequence[str],
    steps: int | None = None,
    *,
    errors: Literal["return"],
    threads: int | None = None,
) -> tuple[Rows, list[tuple[int, ParseError]]]: ...
def derivations(
    grammar: Grammar,
    texts: Sequence[str],
    steps: int | None = None,
    *,
    errors: Literal["raise", "return"] = "raise",
    threads: int | None = None,
) -> Rows | tuple[Rows, list[tuple[int, ParseError]]]:
    """(n, T) int16: the leftmost derivation of every text, padded to `steps`, or to the longest.

    A text that the grammar does not derive, or not within `steps`, raises ParseError with its number, the
    place and what was expected there; with errors="return" its row is all padding and the errors come
    beside the rows. A text with several derivations always gets the same one.
    """
    parts = [part for part in np.array_split(np.arange(len(texts)), threads or cores()) if len(part)]
    work = [[texts[i] for i in part] for part in parts]
    if len(texts) < FEW or len(parts) == 1:
        done = [_parse(grammar, chunk) for chunk in work]
    else:
        with ThreadPoolExecutor(len(parts)) as pool:
            done = list(pool.map(lambda chunk: _parse(grammar, chunk), work))
    rules, lengths, failed = (np.concatenate(column) for column in zip(_NONE, *done, strict=True))
    width = steps if steps is not None else int(lengths.max(initial=1))
    bad = np.flatnonzero(failed | (lengths > width))
    if errors == "raise":
        bad = bad[:1]
    problems = explain(grammar, texts, bad[failed[bad]].tolist())
    for i in bad[~failed[bad]].tolist():
        problems[i] = ParseError(
            f"item {i}: needs {lengths[i]} steps, the model has {width}: «{excerpt(texts[i])[0]}»"
        )
        problems[i].item = i
    if problems and errors == "raise":
        raise problems[int(bad[0])]
    x = np.full((len(texts), width), grammar.pad, np.int16)
    kept = lengths <= width
    x[(np.arange(width) < lengths[:, None]) & kept[:, None]] = rules[np.repeat(kept, lengths)]
    return (x, sorted(problems.items())) if errors == "return" else x


def _parse(grammar: Grammar, texts: Sequence[str]) -> Part:
    """Productions of all texts, their number a text, and which texts failed."""
    parser = compiled(grammar)
    tokens = parser.tokens(texts)
    rules, lengths, failed = parser.parse(tokens.terminal, tokens.bounds, tokens.broken >= 0)
    return rules, lengths, (tokens.broken >= 0) | (failed >= 0)
