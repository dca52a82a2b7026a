"""Items drawn side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grammar_rae.errors import DataError
from grammar_rae.files.pictures import check_name
from grammar_rae.tasks.task import Drawing, Task


def picture(
    task: Task,
    items: Sequence[Any],
    path: str | Path,
    legends: Sequence[str] | None = None,
    most: int | None = None,
) -> int:
    """As `Drawing.grid`; DataError as `drawing_of`."""
    return drawing_of(task, path).grid(items, path, legends, most)


def drawing_of(task: Task, path: str | Path) -> Drawing:
    """How items are drawn into a file. DataError for those of a kind that cannot be, and for a file that says it is of
    another format than PNG.
    """
    if task.drawing is None:
        raise DataError(f"{path}: no picture of {task.name}; molecules, expressions and images can be drawn")
    check_name(path)
    return task.drawing
