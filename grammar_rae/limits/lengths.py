"""How long an item may be. Longer ones are rejected before anything looks into them: RDKit overflows its stack on
chains of twenty thousand atoms, and what takes the square of a length does not end.

The limit is LONGEST unless the environment says otherwise; `grammar-rae --longest` sets that for one command.
"""

from __future__ import annotations

import os

from grammar_rae.limits.ranges import RANGES

LONGEST = 5_000  # characters
VARIABLE = "GRAMMAR_RAE_LONGEST"


def longest() -> int:
    """The most characters of an item. DataError where the environment names no such number."""
    given = os.environ.get(VARIABLE)
    if given is None:
        return LONGEST
    RANGES["longest"].check(VARIABLE, int(given) if given.isascii() and given.isdigit() else given)
    return int(given)


def allow(characters: int) -> None:
    """Let items of this program, and of those that it starts, have so many characters. DataError where out of range."""
    RANGES["longest"].check("longest", characters)
    os.environ[VARIABLE] = str(characters)


def too_long(text: str, most: int | None = None, why: str = "") -> str:
    """Why an item is refused for its length, "" where it is not; `most`: another limit, and what it is the limit of."""
    limit = longest() if most is None else most
    if len(text) <= limit:
        return ""
    hint = f"{why} can read" if most is not None else "allowed; grammar-rae --longest raises that"
    return f"{len(text):,} characters, more than the {limit:,} {hint}"
