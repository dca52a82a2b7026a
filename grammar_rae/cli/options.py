"""Options that hold numbers: their help says which, and others are refused before anything is computed."""

from __future__ import annotations

from typing import Any

import typer

from grammar_rae.limits.ranges import RANGES


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
