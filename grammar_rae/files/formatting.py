"""Numbers as they are printed: shares as percentages, no score as a dash, and JSON's own types."""

from __future__ import annotations

import math
from typing import Any

SMALL = 0.0005  # three decimals would show nothing of it
FEW = 4  # numbers of a list that are shown; of a longer one the last is an ellipsis


def plain(value: Any) -> Any:
    """A number as JSON's own type; NaN and infinity are None, no score."""
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def pretty(value: Any, share: bool = False) -> str:
    """A share, 0 to 1, in percent; other numbers with three decimals, tiny ones with three digits; «–» for no score.

    Of a list the first few with two decimals, and an ellipsis for the rest.
    """
    value = plain(value)
    if value is None:
        return "–"
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, list):
        numbers = [f"{number:.2f}" for number in value]
        return "  ".join(numbers if len(numbers) <= FEW else [*numbers[: FEW - 1], "…"])
    if isinstance(value, float) and share:
        return f"{100 * value:.2f} %"
    if isinstance(value, float):
        return f"{value:.3g}" if 0 < abs(value) < SMALL else f"{value:,.3f}"
    return f"{value:,}"
