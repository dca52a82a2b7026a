"""What verbs print: tables for people, one JSON object for machines, progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from grammar_rae.files.formatting import plain, pretty
from grammar_rae.progress import Report, silent

if TYPE_CHECKING:
    import pandas as pd


def show(numbers: Mapping[str, Any], as_json: bool, heading: str = "", error: bool = False) -> None:
    """Metrics as two columns, or one flat JSON object with null where there is no score."""
    if as_json:
        _print_json(numbers)
        return
    from rich.table import Table

    from grammar_rae.evaluation.metrics import printed, titled

    table = Table(title=heading or None, show_header=False, title_justify="left")
    table.add_column(justify="left")
    table.add_column(justify="right")
    for name, value in numbers.items():
        table.add_row(titled(name), printed(name, value))
    _console(error).print(table)


def show_frame(frame: pd.DataFrame, as_json: bool, title: str = "") -> None:
    """A data frame, its index first, or a list of JSON objects."""
    flat = frame.reset_index()
    columns = {str(name): values.dtype.kind in "if" for name, values in flat.items()}
    _show_rows(columns, list(flat.itertuples(index=False, name=None)), as_json, title)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], as_json: bool) -> None:
    """Rows of equal types, at least one, under the names of their columns, or a list of JSON objects."""
    numeric = [isinstance(value, int | float) for value in rows[0]]
    _show_rows(dict(zip(columns, numeric, strict=True)), rows, as_json)


def _show_rows(
    columns: Mapping[str, bool], rows: Sequence[Sequence[Any]], as_json: bool, title: str = ""
) -> None:
    """Rows under the names of their columns; those that are true hold numbers."""
    if as_json:
        _print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    from rich.table import Table

    table = Table(title=title or None, title_justify="left")
    for name, numeric in columns.items():
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(pretty, row))
    _console().print(table)


def show_side_by_side(names: Sequence[str], sets: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """One column a set and one row a metric, the best in bold; or a list of flat JSON objects. One alone as `show`."""
    if len(sets) == 1:
        show(sets[0], as_json, names[0])
        return
    if as_json:
        _print_json([{"file": name, **numbers} for name, numbers in zip(names, sets, strict=True)])
        return
    from rich.table import Table
    from rich.text import Text

    from grammar_rae.evaluation.metrics import are_best, printed, titled

    table = Table("metric", caption="↑ more is better, ↓ less; bold: the best")
    for name in names:
        table.add_column(name, justify="right", overflow="fold")
    for metric in dict.fromkeys(metric for numbers in sets for metric in numbers):
        values = [numbers.get(metric) for numbers in sets]
        cells = [
            Text(printed(metric, value), style="bold" if top else "")
            for value, top in zip(values, are_best(metric, values), strict=True)
        ]
        table.add_row(titled(metric), *cells)
    _console().print(table)


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


def _console(error: bool = False) -> Any:
    from rich.console import Console

    return Console(stderr=error, highlight=False, markup=False, emoji=False)


def _print_json(found: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
    """JSON's own types; NaN and infinity are null."""

    def flat(numbers: Mapping[str, Any]) -> dict[str, Any]:
        """A row as JSON has it."""
        return {str(name): plain(value) for name, value in numbers.items()}

    print(json.dumps(flat(found) if isinstance(found, Mapping) else [flat(row) for row in found]))
