"""Why texts have no derivation: the place, and every terminal that could have stood there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from grammar_rae.compiled import compiled_parser
from grammar_rae.errors import ParseError
from grammar_rae.grammar import Grammar

Ints = NDArray[np.int64]

NAMED = 8  # expected tokens named in a message
WIDTH = 80  # characters of a text shown in a message
CHUNK = 256  # texts explained together


def explain(grammar: Grammar, texts: Sequence[str], numbers: Sequence[int]) -> dict[int, ParseError]:
    """An error for each of the numbered texts, none of which the grammar derives.

    The message is one line with the place and what was expected; a note shows the text and a caret below it.
    """
    found: dict[int, ParseError] = {}
    for begin in range(0, len(numbers), CHUNK):
        part = numbers[begin : begin + CHUNK]
        found |= zip(part, _chunk(grammar, [texts[i] for i in part], part), strict=True)
    return found


def excerpt(text: str, position: int = 0) -> tuple[str, int]:
    """At most `WIDTH` printable characters around a position, and the position within them."""
    begin = max(0, min(position - WIDTH // 2, len(text) - WIDTH))
    shown = "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[begin : begin + WIDTH]
    )
    left, right = "…" if begin else "", "…" if begin + WIDTH < len(text) else ""
    return left + shown + right, position - begin + len(left)


def _chunk(grammar: Grammar, texts: list[str], numbers: Sequence[int]) -> list[ParseError]:
    parser = compiled_parser(grammar)
    tokens = parser.tokens(texts)
    _, _, failed = parser.parse(tokens.terminal, tokens.bounds, np.zeros(len(texts), bool))
    sizes = np.diff(tokens.bounds)
    prefix = np.where(failed < 0, sizes, failed)  # tokens that some string of the grammar begins with
    rows = [tokens.terminal[a : a + p] for a, p in zip(tokens.bounds[:-1], prefix, strict=True)]
    errors = []
    for i, may in enumerate(_may_follow(grammar, rows)):
        if prefix[i] < sizes[i]:
            byte = int(tokens.start[tokens.bounds[i] + prefix[i]])
            culprit = grammar.terminals[tokens.terminal[tokens.bounds[i] + prefix[i]]]
        else:
            byte, culprit = int(tokens.broken[i]), ""
        position = (
            len(texts[i])
            if byte < 0
            else len(texts[i].encode("utf-8", "surrogatepass")[:byte].decode("utf-8", "surrogatepass"))
        )
        expected = [f"'{grammar.terminals[v]}'" for v in np.flatnonzero(may[:-1])] + ["the end"] * bool(
            may[-1]
        )
        errors.append(_error(grammar.name, numbers[i], texts[i], position, culprit, expected))
    return errors


def _may_follow(grammar: Grammar, rows: list[Ints]) -> NDArray[np.bool_]:
    """(n, V + 1): which terminals, and in the last column whether the end, may follow each row of tokens."""
    end = len(grammar.terminals)
    probes = [np.append(row, v) if v < end else row for row in rows for v in range(end + 1)]
    bounds = np.cumsum([0] + [len(probe) for probe in probes])
    _, _, failed = compiled_parser(grammar).parse(np.concatenate(probes), bounds, np.zeros(len(probes), bool))
    sizes = np.array([len(row) for row in rows]).reshape(-1, 1)
    return failed.reshape(-1, end + 1) != sizes


def _error(name: str, number: int, text: str, position: int, culprit: str, expected: list[str]) -> ParseError:
    shown, column = excerpt(text, position)
    found = f"'{culprit or excerpt(text[position])[0]}'" if position < len(text) else "the end"
    wanted = ", ".join(expected[:NAMED]) + (
        f" or {len(expected) - NAMED} more" if len(expected) > NAMED else ""
    )
    error = ParseError(f"item {number}: {found} at position {position} of «{shown}»; {name} expects {wanted}")
    error.item, error.position, error.expected = number, position, expected
    error.add_note(f"{shown}\n{' ' * column}^")
    return error
