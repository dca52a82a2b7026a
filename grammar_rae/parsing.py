"""Strings to leftmost derivations and back, whole batches at a time, on every core.

An LL(1) grammar is parsed by table look-up, any other by Earley's algorithm; cyclic grammars are refused
when they are read, so that every string has finitely many derivations.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Literal, overload

import numpy as np
from numpy.typing import NDArray

from grammar_rae.descent import descend
from grammar_rae.earley import parse
from grammar_rae.errors import ParseError
from grammar_rae.grammar import Grammar
from grammar_rae.items import Items, build
from grammar_rae.lexing import build_trie, packed, tokenise
from grammar_rae.rendering import render

__all__ = ["derivations", "render"]

Ints = NDArray[np.int64]
Rows = NDArray[np.int16]
SHOWN = 8  # expected tokens named in an error


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
    threads = threads or os.cpu_count() or 1
    parts = [part for part in np.array_split(np.arange(len(texts)), threads) if len(part)]
    work = [[texts[i] for i in part] for part in parts]
    if len(texts) < 64 or len(parts) == 1:
        done = [_parse(grammar, chunk) for chunk in work]
    else:
        with ThreadPoolExecutor(threads) as pool:
            done = list(pool.map(lambda chunk: _parse(grammar, chunk), work))
    lengths = np.concatenate([d[1] for d in done]) if done else np.zeros(0, np.int64)
    rules = np.concatenate([d[0] for d in done]) if done else np.zeros(0, np.int64)
    failed = {i for part, d in zip(parts, done, strict=True) for i in part[d[2]].tolist()}
    width = steps if steps is not None else int(lengths.max(initial=1))
    problems = {i: _explain(grammar, i, texts[i]) for i in sorted(failed)}
    for i in np.flatnonzero(lengths > width).tolist():
        problems[i] = ParseError(f"item {i}: needs {lengths[i]} steps, the model has {width}: {texts[i]}")
    if problems and errors == "raise":
        raise problems[min(problems)]
    x = np.full((len(texts), width), grammar.pad, np.int16)
    kept = lengths <= width
    x[(np.arange(width) < lengths[:, None]) & kept[:, None]] = rules[np.repeat(kept, lengths)]
    return (x, sorted(problems.items())) if errors == "return" else x


@lru_cache(maxsize=32)
def _compiled(grammar: Grammar) -> tuple[Items, Ints, Ints]:
    return build(grammar), *build_trie(grammar.terminals)


def _parse(grammar: Grammar, texts: Sequence[str]) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Productions of all texts, their number a text, and which texts failed."""
    items, trie, accepts = _compiled(grammar)
    tokens, _, bounds, broken = tokenise(*packed(texts), trie, accepts)
    rules, lengths, failed = _run(items, tokens, bounds, broken >= 0)
    return rules, lengths, (broken >= 0) | (failed >= 0)


def _run(items: Items, tokens: Ints, bounds: Ints, skip: NDArray[np.bool_]) -> tuple[Ints, Ints, Ints]:
    if items.ll1:
        terminals = items.viable.shape[1] - 1
        return descend(
            tokens, bounds, skip, items.first_item, items.after, items.predicted, items.bounds, terminals, items.start
        )
    return parse(
        tokens,
        bounds,
        skip,
        items.first_item,
        items.rule,
        items.lhs,
        items.after,
        items.viable,
        items.predicted,
        items.bounds,
        items.nullable,
        items.start,
    )


def _explain(grammar: Grammar, number: int, text: str) -> ParseError:
    """One line of message with the place, then the text and a caret below it."""
    items, trie, accepts = _compiled(grammar)
    tokens, starts, bounds, broken = tokenise(*packed([text]), trie, accepts)
    prefix, at = len(tokens), int(broken[0])
    place = _failure(items, tokens)
    if at < 0 or 0 <= place < len(tokens):  # the token before is what cannot stand there
        prefix = place
        at = int(starts[place]) if place < len(starts) else len(text.encode())
    position = len(text.encode()[:at].decode())
    expected = [
        f"'{terminal}'"
        for v, terminal in enumerate(grammar.terminals)
        if _failure(items, np.append(tokens[:prefix], v)) != prefix
    ]
    if _failure(items, tokens[:prefix]) < 0:
        expected.append("the end")
    found = f"'{text[position]}'" if position < len(text) else "the end"
    shown = ", ".join(expected[:SHOWN]) + (f" or {len(expected) - SHOWN} more" if len(expected) > SHOWN else "")
    message = f"item {number}: {found} at position {position} of «{text}»; {grammar.name} expects {shown}"
    error = ParseError(message)
    error.item, error.position, error.expected = number, position, expected
    error.add_note(f"{text}\n{' ' * position}^")
    return error


def _failure(items: Items, tokens: Ints) -> int:
    """The number of the token no derivation can have there (their count: the end); −1 if there is one."""
    _, _, failed = _run(items, tokens, np.array([0, len(tokens)]), np.zeros(1, bool))
    return int(failed[0])
