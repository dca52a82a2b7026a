"""What can be wrong with what a user gives; every message is one line: given, expected, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GrammarError(ValueError):
    """A grammar that cannot be used."""


class ParseError(ValueError):
    """A string the grammar or alphabet does not derive.

    `item` and `position` (characters, from 0) say where, `expected` what could have stood there; the note
    shows the string with a caret.
    """

    item: int = 0
    position: int = 0
    expected: list[str] = []


class RecipeError(ValueError):
    """A recipe that cannot be built."""


class DataError(ValueError):
    """A file or data set that cannot be used."""


def nearest(name: str, known: Iterable[str], all_of_them: str = "there are") -> str:
    """The end of a message about an unknown name: the nearest known one, or all, after the words `all_of_them`."""
    names = list(known)
    near = difflib.get_close_matches(name, names, 1)
    return f"did you mean {near[0]}?" if near else f"{all_of_them}: {', '.join(names) or 'nothing'}"
