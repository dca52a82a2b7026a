"""Options that hold numbers: their help says which; and options that are refused before anything is computed."""

from __future__ import annotations

from typing import Any

import typer

from grammar_rae.errors import DataError, option
from grammar_rae.limits.ranges import RANGES


def unused(why: str, **given: Any) -> None:
    """DataError for the first of these options that was given though nothing would come of it."""
    for name, value in given.items():
        if value not in (None, False):
            raise DataError(f"{option(name, '-n' if name == 'n' else '')} {why}")


def number(default: float | None, about: str, key: str, flag: str | None = None) -> Any:
    """An option, `flag` or --`key`, whose numbers are those of `RANGES[key]`."""
    allowed = RANGES[key]
    name = flag or f"--{key.replace('_', '-')}"

    def check(value: float | None) -> float | None:
        """The value itself; DataError where it is out of range."""
        if value is not None:
            allowed.check(name, value)
        return value

    kind = int if allowed.whole else float

    def read(text: Any) -> Any:
        """The number that a word says; the word itself where it says none, for `check` to refuse."""
        try:
            return kind(text)
        except ValueError:
            return text

    metavar = "<int>" if allowed.whole else "<float>"
    return typer.Option(
        default, name, help=f"{about} [{allowed}]", callback=check, parser=read, metavar=metavar
    )
