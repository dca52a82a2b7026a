"""Items drawn side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grammar_rae.errors import DataError
from grammar_rae.tasks.task import Task


def picture(
    task: Task,
    items: Sequence[Any],
    path: str | Path,
    legends: Sequence[str] | None = None,
    most: int | None = None,
) -> int:
    """As `Drawing.grid`; DataError for items of a kind that cannot be drawn."""
    if task.drawing is None:
        raise DataError(f"{path}: no picture of {task.name}; molecules, expressions and images can be drawn")
    return task.drawing.grid(items, path, legends, most)
