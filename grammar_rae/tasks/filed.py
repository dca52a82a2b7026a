"""The items of a file measured, its rows without an item as items that are not valid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from grammar_rae.tasks.task import ItemFile, Measurement, Task


def with_rejects(task: Task, file: ItemFile) -> tuple[Any, Mapping[int, str]]:
    """Every row of a file in its order, those without an item missing, and the reasons for these by place."""
    if not file.rejected or not task.medium.gaps:
        return file.values, {}
    rows: list[tuple[int, Any, str]] = [
        *((line, item, "") for line, item in zip(file.lines, file.values, strict=True)),
        *((row.line, task.medium.missing, f"line {row.line}: {row.reason}") for row in file.rejected),
    ]
    rows.sort(key=lambda row: row[0])
    return [item for _, item, _ in rows], {i: why for i, (_, _, why) in enumerate(rows) if why}


def measure_file(
    task: Task, file: ItemFile, reference: Any = None, seen: Any = None, fcd: bool = False
) -> Measurement:
    """As `Task.measure`."""
    items, why = with_rejects(task, file)
    if not why:
        return task.measure(items, reference, seen, fcd)
    found = task.measure(items, reference, seen, fcd)

    def make() -> pd.DataFrame:
        """The table, with the reasons."""
        table = found.table
        reasons = table["reason"].tolist()
        for place, reason in why.items():
            reasons[place] = reason
        return table.assign(reason=reasons)

    return Measurement(found.numbers, make)
