"""What verbs print: tables for people, one JSON object for machines, progress on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from grammar_rae.files.formatting import plain, pretty
from grammar_rae.progress import Report, silent

if TYPE_CHECKING:
    import pandas as pd

UNLIMITED = 1_000_000  # columns of what is no terminal: a file or a pipe
LEAST, GAP = 12, 2  # characters of a text that are shown at least, and between columns


def show(numbers: Mapping[str, Any], as_json: bool, heading: str = "", error: bool = False) -> None:
    """Metrics as two columns, or one flat JSON object with null where there is no score."""
    if as_json:
        _print_json(numbers)
        return
    from grammar_rae.evaluation.metrics import printed, titled

    table = _table(show_header=False)
    table.add_column(justify="left")
    table.add_column(justify="right")
    for name, value in numbers.items():
        table.add_row(titled(name), printed(name, value))
    _print(table, heading, error)


def show_frame(frame: pd.DataFrame, as_json: bool, title: str = "") -> None:
    """A data frame, its index first, or a list of JSON objects."""
    flat = frame.reset_index()
    columns = {str(name): values.dtype.kind in "if" for name, values in flat.items()}
    rows = list(flat.itertuples(index=False, name=None))
    if as_json:
        show_json(list(columns), rows)
    else:
        _show_rows(columns, {"": rows}, title)


def show_groups(columns: Sequence[str], groups: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    """Rows of equal types, at least one, under the names of their columns; each group under its heading, if any."""
    first = next(iter(groups.values()))[0]
    numeric = [isinstance(value, int | float) for value in first]
    _show_rows(dict(zip(columns, numeric, strict=True)), groups)


def show_json(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Rows as a list of JSON objects."""
    _print_json([dict(zip(columns, row, strict=True)) for row in rows])


def _show_rows(
    columns: Mapping[str, bool], groups: Mapping[str, Sequence[Sequence[Any]]], title: str = ""
) -> None:
    """One line a row; columns that are true hold numbers, and the others share the width that those leave.

    A longer text ends in an ellipsis. Columns for which there is no room are named beneath.
    """
    from rich.text import Text

    console = _console()
    rows = [[pretty(value) for value in row] for group in groups.values() for row in group]
    kept = _fitting(list(columns.values()), [list(columns), *rows], console.width)
    table, lines = _table(), iter(rows)
    for name, numeric in [list(columns.items())[i] for i in kept]:
        table.add_column(name, justify="right" if numeric else "left", no_wrap=numeric)
    for place, (heading, group) in enumerate(groups.items()):
        if place:
            table.add_row()
        if heading:
            table.add_row(Text(heading, style="bold", no_wrap=True))
        for cells in islice(lines, len(group)):
            table.add_row(*(Text(cells[i], no_wrap=True, overflow="ellipsis") for i in kept))
    _print(table, title)
    _name_the_rest(console, list(columns), kept)


def _fitting(numeric: Sequence[bool], rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """The columns, from the left, that have room: numbers in full, of texts the first `LEAST` characters."""
    kept: list[int] = []
    for place, number in enumerate(numeric):
        width = max(len(row[place]) for row in rows)
        needed = (width if number else min(width, LEAST)) + (GAP if kept else 0)
        if needed <= room or not kept:
            kept.append(place)
            room -= needed
    return kept


def _name_the_rest(console: Any, names: Sequence[str], kept: Sequence[int]) -> None:
    """The columns there was no room for."""
    if left_out := [name for place, name in enumerate(names) if place not in kept]:
        console.print(f"in a wider terminal: {', '.join(left_out)}")


def show_side_by_side(names: Sequence[str], sets: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """One column a set and one row a metric, the best in bold; or a list of flat JSON objects. One alone as `show`."""
    if len(sets) == 1:
        show(sets[0], as_json, names[0])
        return
    if as_json:
        _print_json([{"file": name, **numbers} for name, numbers in zip(names, sets, strict=True)])
        return
    from rich.text import Text

    from grammar_rae.evaluation.metrics import are_best, printed, titled

    metrics = list(dict.fromkeys(metric for numbers in sets for metric in numbers))
    values = [[numbers.get(metric) for numbers in sets] for metric in metrics]
    rows = [
        [titled(metric), *(printed(metric, value) for value in row)]
        for metric, row in zip(metrics, values, strict=True)
    ]
    console, table = _console(), _table()
    kept = _fitting([False] + [True] * len(sets), rows, console.width)
    table.add_column("metric")
    shown = kept[1:] or [1]
    for place in shown:
        width = max(len(row[place]) for row in rows)
        table.add_column(names[place - 1], justify="right", overflow="fold", min_width=width)
    for metric, cells, row in zip(metrics, rows, values, strict=True):
        best = are_best(metric, row)
        numbers_of = (Text(cells[place], style="bold" if best[place - 1] else "") for place in shown)
        table.add_row(cells[0], *numbers_of)
    console.print(table)
    _name_the_rest(console, ["metric", *names], [0, *shown])
    console.print("↑ more is better, ↓ less; bold: the best")


@contextmanager
def progress(what: str) -> Iterator[Report]:
    """`report(text, share)` moves a bar on standard error; silent where that is no terminal."""
    if not sys.stderr.isatty():
        yield silent
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    with Progress(*columns, console=_console(True), transient=True) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda text, share: bar.update(task, description=text, completed=share)


def _print(table: Any, title: str = "", error: bool = False) -> None:
    """A table, under its title: a line that is never broken, however narrow the table is."""
    console = _console(error)
    if title:
        console.print(title, style="italic", soft_wrap=True)
    console.print(table)


def _table(show_header: bool = True) -> Any:
    """An empty table, ruled under its head alone so that its columns have the room."""
    from rich import box
    from rich.table import Table

    return Table(
        box=box.SIMPLE_HEAD,
        show_header=show_header,
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
    )


def _console(error: bool = False) -> Any:
    """Where tables go: as wide as the terminal, or as COLUMNS says; a file or a pipe has room for everything."""
    from rich.console import Console

    stream = sys.stderr if error else sys.stdout
    wide = None if stream.isatty() or "COLUMNS" in os.environ else UNLIMITED
    return Console(stderr=error, highlight=False, markup=False, emoji=False, width=wide)


def _print_json(found: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
    """JSON's own types; NaN and infinity are null."""

    def flat(numbers: Mapping[str, Any]) -> dict[str, Any]:
        """A row as JSON has it."""
        return {str(name): plain(value) for name, value in numbers.items()}

    print(json.dumps(flat(found) if isinstance(found, Mapping) else [flat(row) for row in found]))
