"""Numbers as they are printed: shares as percentages, no score as a dash, and JSON's own types."""

from __future__ import annotations

import math
from typing import Any

SHARES = {
    "valid",
    "unique",
    "novel",
    "reconstructed",
    "ten",
    "defined",
    "completed",
    "filters",
    "invalid",
    "undefined",
}


def plain(value: Any) -> Any:
    """A number as JSON's own type; NaN and infinity are None, no score."""
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def pretty(name: str, value: Any) -> str:
    """A share as a percentage, other numbers with three decimals, «–» for no score."""
    value = plain(value)
    if value is None:
        return "–"
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, float) and name.split("_")[0] in SHARES:
        return f"{100 * value:.2f} %"
    return f"{value:,.3f}" if isinstance(value, float) else f"{value:,}"
