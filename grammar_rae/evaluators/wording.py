"""How metrics are read: as percentages or numbers, which way is better, and who has the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

from grammar_rae.evaluators.catalog import METRICS

SHARES = {"valid", "unique", "novel", "reconstructed", "ten", "defined", "completed", "filters", "invalid"}
ARROWS: dict[str, str] = {"higher": "↑", "lower": "↓", "": ""}


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


def title(name: str) -> str:
    """A metric's name in words."""
    return METRICS[name].title if name in METRICS else name.replace("_", " ")


def direction(name: str) -> Literal["higher", "lower", ""]:
    """Which way is better; empty where a number only describes, or is not known."""
    return METRICS[name].better if name in METRICS else ""


def best(name: str, values: Sequence[Any]) -> list[bool]:
    """Which of several sets have the best value of a metric as it is printed; none where all are alike."""
    way, numbers = direction(name), [plain(value) for value in values]
    known = [value for value in numbers if isinstance(value, int | float)]
    printed = [pretty(name, value) for value in numbers]
    if not way or len(set(printed)) < 2 or not known:
        return [False] * len(numbers)
    top = pretty(name, max(known) if way == "higher" else min(known))
    return [text == top for text in printed]
