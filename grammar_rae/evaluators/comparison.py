"""How metrics of several sets are read: by name, which way is better, and who has the best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from grammar_rae.evaluators.catalog import BY_SET, METRICS
from grammar_rae.wording import plain, pretty

ARROWS: dict[str, str] = {"higher": "↑", "lower": "↓", "": ""}


def title(name: str) -> str:
    """A metric's name in words."""
    return METRICS[name].title if name in METRICS else name.replace("_", " ")


def titled(name: str) -> str:
    """A metric's title with an arrow the way it gets better."""
    return f"{title(name)} {ARROWS[direction(name)]}".rstrip()


def direction(name: str) -> Literal["higher", "lower", ""]:
    """Which way is better; empty where a number only describes, or is not known."""
    if name in METRICS:
        return METRICS[name].better
    return next((way for prefix, way in BY_SET.items() if name.startswith(prefix)), "")


def best(name: str, values: Sequence[Any]) -> list[bool]:
    """Which of several sets have the best value of a metric as it is printed; none where all are alike."""
    way, numbers = direction(name), [plain(value) for value in values]
    known = [value for value in numbers if isinstance(value, int | float)]
    printed = [pretty(name, value) for value in numbers]
    if not way or len(set(printed)) < 2 or not known:
        return [False] * len(numbers)
    top = pretty(name, max(known) if way == "higher" else min(known))
    return [text == top for text in printed]
