"""Why texts have no derivation: the place, and every terminal that could have stood there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from grammar_rae.errors import ParseError, excerpt, unexpected
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.compiled import Tokens, compiled_parser
from grammar_rae.grammar.parsing.earley import TOO_LONG

Ints = NDArray[np.int64]

NAMED = 8  # expected tokens named in a message
CHUNK = 256  # texts explained together


def explain(grammar: Grammar, texts: Sequence[str], numbers: Sequence[int]) -> dict[int, ParseError]:
    """An error for each of the numbered texts, none of which the grammar derives.

    The message is one line with the place and what was expected; a note shows the text and a caret below it.
    """
    errors: dict[int, ParseError] = {}
    for begin in range(0, len(numbers), CHUNK):
        part = numbers[begin : begin + CHUNK]
        errors |= zip(part, _explained(grammar, [texts[i] for i in part], part), strict=True)
    return errors


def _explained(grammar: Grammar, texts: list[str], numbers: Sequence[int]) -> list[ParseError]:
    parser = compiled_parser(grammar)
    words = [f"'{terminal}'" for terminal in grammar.terminals] + ["the end"]
    lists: dict[bytes, list[str]] = {}  # one for all texts that expect the same

    def named(row: NDArray[np.bool_]) -> list[str]:
        key = row.tobytes()
        if key not in lists:
            lists[key] = [words[v] for v in np.flatnonzero(row)]
        return lists[key]

    tokens = parser.tokens(texts)
    _, _, failed = parser.parse(tokens.terminal, tokens.bounds, np.zeros(len(texts), bool))
    # the tokens of each text that some string of the grammar begins with
    long = failed == TOO_LONG
    good = np.where(failed < 0, np.where(long, 0, np.diff(tokens.bounds)), failed)
    prefixes = [tokens.terminal[a : a + size] for a, size in zip(tokens.bounds[:-1], good, strict=True)]
    may_follow = parser.expected(np.concatenate(prefixes), np.append(0, np.cumsum(good)))
    errors = []
    for i, row in enumerate(may_follow):
        if long[i]:
            errors.append(_too_long(grammar.name, numbers[i], texts[i]))
            continue
        position, got = _culprit(grammar, texts[i], tokens, i, int(good[i]))
        errors.append(_error(grammar.name, numbers[i], texts[i], position, got, named(row)))
    return errors


def _culprit(grammar: Grammar, text: str, tokens: Tokens, i: int, good: int) -> tuple[int, str]:
    """The position in text i (characters) where its good tokens end, and what stands there, in quotes."""
    token = tokens.bounds[i] + good
    readable = token < tokens.bounds[i + 1]
    if readable:
        before = tokens.terminal[tokens.bounds[i] : token]
        position = sum(len(grammar.terminals[terminal]) for terminal in before)
        return position, f"'{grammar.terminals[tokens.terminal[token]]}'"
    byte = int(tokens.broken[i])
    if byte < 0:
        return len(text), "the end"
    position = len(text.encode("utf-8", "surrogatepass")[:byte].decode("utf-8", "surrogatepass"))
    return position, f"'{excerpt(text[position])[0]}'"


def _too_long(name: str, number: int, text: str) -> ParseError:
    error = ParseError(
        f"item {number}: {name} has too many parses of it to look through; shorten it, or make the grammar less "
        f"ambiguous: {len(text):,} characters «{excerpt(text)[0]}»"
    )
    error.item = number
    return error


def _error(name: str, number: int, text: str, position: int, got: str, expected: list[str]) -> ParseError:
    more = f" or {len(expected) - NAMED} more" if len(expected) > NAMED else ""
    wants = f"{name} expects {', '.join(expected[:NAMED])}{more}"
    error = ParseError(f"item {number}: {unexpected(got, text, position, wants)}")
    error.item, error.position, error.got = number, position, got
    error.expected, error.wants = expected, wants
    shown, column = excerpt(text, position)
    error.add_note(f"{shown}\n{' ' * column}^")
    return error
