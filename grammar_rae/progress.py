"""How far a long task is: `report(what, share)`, the share from 0 to 1."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[str, float], None]


def silent(what: str, share: float) -> None:
    """A report nobody reads."""
