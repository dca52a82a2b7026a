"""Numbers as they are printed: shares as percentages, no score as a dash, and JSON's own types."""

from __future__ import annotations

import math
from typing import Any


def plain(value: Any) -> Any:
    """A number as JSON's own type; NaN and infinity are None, no score."""
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def pretty(value: Any, share: bool = False) -> str:
    """A share, 0 to 1, in percent; other numbers with three decimals, of a list two; «–» for no score."""
    value = plain(value)
    if value is None:
        return "–"
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, list):
        return "  ".join(f"{number:.2f}" for number in value)
    if isinstance(value, float) and share:
        return f"{100 * value:.2f} %"
    return f"{value:,.3f}" if isinstance(value, float) else f"{value:,}"
