"""Strings to leftmost derivations, whole batches at a time, on every core.

An LL(1) grammar is parsed by table look-up, any other by Earley's algorithm; cyclic grammars are refused
when they are read, so that every string has finitely many derivations.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grammar_rae.errors import GrammarError, ParseError, excerpt
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.compiled import compiled_parser
from grammar_rae.grammar.parsing.diagnostics import explain
from grammar_rae.limits.lengths import longest, too_long
from grammar_rae.parallel import cores

Ints = NDArray[np.int64]
Many = NDArray[np.int32]
Rows = NDArray[np.int16]
THREADED = 64  # texts; with fewer, starting threads takes longer than parsing


class _Parsed(NamedTuple):
    """Derivations of n texts, one after the other."""

    productions: Many  # (M,) those of failed texts are left out
    lengths: Ints  # (n,) productions of each text
    failed: NDArray[np.bool_]  # (n,) whether the grammar does not derive it


def parse(
    grammar: Grammar, texts: Sequence[str], steps: int | None = None, *, threads: int | None = None
) -> Rows:
    """(n, T) int16: the leftmost derivation of every text, padded to `steps`, or to the longest.

    A text with several derivations always gets the same one. ParseError names the first text that the grammar does
    not derive, or not within `steps`, the place in it, and what was expected there.
    """
    parsed = _parse(grammar, texts, threads)
    width = int(parsed.lengths.max(initial=1)) if steps is None else steps
    bad = np.flatnonzero(parsed.failed | (parsed.lengths > width))
    for _, error in _errors(grammar, texts, parsed, width, bad[:1]):
        raise error
    return _rows(parsed, np.ones(len(texts), bool), width, grammar.pad)


def parse_known(
    grammar: Grammar, texts: Sequence[str], steps: int | None = None, *, threads: int | None = None
) -> tuple[Rows, Ints, list[tuple[int, ParseError]]]:
    """(m, T) int16: `parse` of the texts that have a derivation within `steps`; their indices (m,), in order; and
    for each of the others, in order, its index and the error that `parse` would raise.
    """
    parsed = _parse(grammar, texts, threads)
    width = int(parsed.lengths.max(initial=1)) if steps is None else steps
    known = ~parsed.failed & (parsed.lengths <= width)
    errors = _errors(grammar, texts, parsed, width, np.flatnonzero(~known))
    return _rows(parsed, known, width, grammar.pad), np.flatnonzero(known), errors


def parse_prefix(grammar: Grammar, text: str) -> Many:
    """(t,) the productions that write the beginning of a string, down to its last token and no further.

    GrammarError where the grammar is not LL(1), so that a beginning does not say which they are. ParseError where no
    string of the grammar begins like that.
    """
    parser = compiled_parser(grammar)
    if not parser.lookahead.ll1:
        raise GrammarError(f"{grammar.name} is not LL(1): a prefix does not determine its productions")
    tokens = parser.tokens([text])
    productions, _, failed = parser.parse_prefixes(tokens.terminal, tokens.bounds, tokens.broken >= 0)
    if tokens.broken[0] >= 0 or failed[0] >= 0:
        raise explain(grammar, [text], [0])[0]
    return productions


def _parse(grammar: Grammar, texts: Sequence[str], threads: int | None) -> _Parsed:
    """Equal shares of the texts in so many threads, or in one for each core."""
    long = np.fromiter(map(len, texts), np.int64, len(texts)) > longest()
    texts = ["" if skip else text for text, skip in zip(texts, long, strict=True)] if long.any() else texts
    size = max(1, -(-len(texts) // (threads or cores())))
    work = [texts[i : i + size] for i in range(0, len(texts), size)]
    if len(texts) < THREADED or len(work) == 1:
        parts = [_parse_share(grammar, share) for share in work]
    else:
        with ThreadPoolExecutor(len(work)) as pool:
            parts = list(pool.map(lambda share: _parse_share(grammar, share), work))
    nothing = _Parsed(np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, bool))
    parsed = _Parsed(*map(np.concatenate, zip(nothing, *parts, strict=True)))
    return _without(parsed, long) if long.any() else parsed


def _without(parsed: _Parsed, left_out: NDArray[np.bool_]) -> _Parsed:
    """The derivations of all texts but those `left_out` (n,), which have failed."""
    kept = np.repeat(~left_out, parsed.lengths)
    lengths = np.where(left_out, 0, parsed.lengths)
    return _Parsed(parsed.productions[kept], lengths, parsed.failed | left_out)


def _parse_share(grammar: Grammar, texts: Sequence[str]) -> _Parsed:
    parser = compiled_parser(grammar)
    tokens = parser.tokens(texts)
    productions, lengths, failed = parser.parse(tokens.terminal, tokens.bounds, tokens.broken >= 0)
    return _Parsed(productions, lengths, (tokens.broken >= 0) | (failed != -1))


def _rows(parsed: _Parsed, chosen: NDArray[np.bool_], width: int, pad: int) -> Rows:
    """(m, width) the derivations of the texts `chosen` (n,), each padded at its end."""
    lengths = parsed.lengths[chosen]
    x = np.full((len(lengths), width), pad, np.int16)
    x[np.arange(width) < lengths[:, None]] = parsed.productions[np.repeat(chosen, parsed.lengths)]
    return x


def _errors(
    grammar: Grammar, texts: Sequence[str], parsed: _Parsed, width: int, items: Ints
) -> list[tuple[int, ParseError]]:
    """(item, error) for each of the numbered `items`, all of which failed or take more than `width` productions."""
    failed = items[parsed.failed[items]].tolist()
    long = {i: why for i in failed if (why := too_long(texts[i]))}
    errors = explain(grammar, texts, [i for i in failed if i not in long])
    for i, why in long.items():
        errors[i] = ParseError(f"item {i}: {why}")
        errors[i].item = i
    for i in items[~parsed.failed[items]].tolist():
        shown, _ = excerpt(texts[i])
        errors[i] = ParseError(f"item {i}: needs {parsed.lengths[i]} steps, the model has {width}: «{shown}»")
        errors[i].item = i
    return sorted(errors.items())
