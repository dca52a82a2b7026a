"""Options that hold numbers: their help says which; and options that are refused before anything is computed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from grammar_rae.errors import DataError, option, shown_name
from grammar_rae.limits.ranges import RANGES


def unused(why: str, **given: Any) -> None:
    """DataError for the first of these options that was given though nothing would come of it."""
    for name, value in given.items():
        if value not in (None, False):
            raise DataError(f"{option(name, '-n' if name == 'n' else '')} {why}")


def apart(read: Iterable[str | Path | None], **written: str | Path | None) -> None:
    """DataError for the first of the options `written` whose file is one of those that the command reads."""
    from grammar_rae.files.tables import located

    files = {os.path.realpath(located(name)[0]) for name in read if name is not None}
    for name, path in written.items():
        if path is not None and os.path.exists(path) and os.path.realpath(path) in files:
            raise DataError(
                f"{option(name)} {shown_name(path)}: it is read, and would be lost; write another file"
            )


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
