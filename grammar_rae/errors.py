"""What can be wrong with what a user gives; every message is one line: given, expected, what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

WIDTH = 80  # characters of a text shown in a message


_OPTIONS = ContextVar("_OPTIONS", default=False)  # whether what is run is a command


@contextmanager
def spoken_as_options() -> Iterator[None]:
    """Let messages call what a caller can give by the names of a command's options, until the block ends."""
    token = _OPTIONS.set(True)
    try:
        yield
    finally:
        _OPTIONS.reset(token)


def option(parameter: str, flag: str = "") -> str:
    """What a message calls a parameter: its name, and on the command line `flag`, or the option of that name."""
    return (flag or f"--{parameter.replace('_', '-')}") if _OPTIONS.get() else parameter


class GrammarError(ValueError):
    """A grammar that cannot be used."""


class ParseError(ValueError):
    """A string the grammar or alphabet does not derive.

    item: the number of the string
    position: the character of it, from 0, that is wrong
    got: what stands there, quoted, or «the end»
    expected: all that could have stood there
    wants: the same in words
    A note shows the string with a caret.
    """

    item: int = 0
    position: int = 0
    got: str = ""
    expected: Sequence[str] = ()
    wants: str = ""


class RecipeError(ValueError):
    """A recipe that cannot be built."""


class DataError(ValueError):
    """A file or data set that cannot be used."""


def nearest(name: str, known: Iterable[str], all_of_them: str = "there are") -> str:
    """The end of a message about an unknown name: the nearest known one, or all, after the words `all_of_them`."""
    names = list(known)
    near = difflib.get_close_matches(name, names, 1)
    return f"did you mean {near[0]}?" if near else f"{all_of_them}: {', '.join(names) or 'nothing'}"


def printable(text: str) -> str:
    """A text with a mark in place of every character that a terminal cannot show."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def excerpt(text: str, position: int = 0) -> tuple[str, int]:
    """At most `WIDTH` printable characters around a position, and the position within them."""
    begin = max(0, min(position - WIDTH // 2, len(text) - WIDTH))
    shown = printable(text[begin : begin + WIDTH])
    left, right = "…" if begin else "", "…" if begin + WIDTH < len(text) else ""
    return left + shown + right, position - begin + len(left)


def shown_name(path: object) -> str:
    """A file, a folder or whatever has a name in a message; of a long name the end, which tells it from others."""
    text = printable(str(path))
    return text if len(text) <= WIDTH else f"…{text[-WIDTH:]}"


def unexpected(got: str, text: str, position: int, wants: str) -> str:
    """One line that says what stands where in a text, and what was wanted there; see ParseError."""
    return f"{got} at position {position} of «{excerpt(text, position)[0]}»; {wants}"


def one_line(error: BaseException) -> str:
    """What a foreign library's error says, short, on one line; its kind where it says nothing."""
    return excerpt(next(iter(str(error).splitlines()), "") or type(error).__name__)[0]


def said(error: BaseException) -> str:
    """The class of an exception and the first line of its message, printable; the class alone where it has none, or
    cannot be asked for it.
    """
    kind = type(error).__name__
    try:
        text = printable(str(error).strip().partition("\n")[0][:200])
    except BaseException:  # a user's exception, which may do anything when it is asked what it is
        text = ""
    return f"{kind}: {text}" if text else kind


def brief(error: Exception) -> str:
    """The first line of an error about one of several items, without the number of the item."""
    return re.sub(r"^item \d+: ", "", str(error).splitlines()[0])
