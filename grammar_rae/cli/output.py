"""What verbs print: tables for people, one JSON object for machines, progress on standard error."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

SHARES = {"valid", "unique", "novel", "reconstructed", "ten_heavy_atoms", "defined", "undefined"}


def show(numbers: Mapping[str, Any], as_json: bool, title: str = "", error: bool = False) -> None:
    """Metrics as two columns, or one flat JSON object with null where there is no score."""
    if as_json:
        print(json.dumps({name: _plain(value) for name, value in numbers.items()}))
        return
    from rich.table import Table

    table = Table(title=title or None, show_header=False, title_justify="left")
    table.add_column(justify="left")
    table.add_column(justify="right")
    for name, value in numbers.items():
        table.add_row(name.replace("_", " "), pretty(name, value))
    _console(error).print(table)


def show_frame(frame: pd.DataFrame, as_json: bool, title: str = "") -> None:
    """A table of rows, or a list of JSON objects."""
    if as_json:
        rows = frame.reset_index().to_dict("records")
        print(json.dumps([{str(k): _plain(v) for k, v in row.items()} for row in rows]))
        return
    from rich.table import Table

    table = Table(title=title or None, title_justify="left")
    flat = frame.reset_index()
    for name in flat.columns:
        table.add_column(
            str(name), justify="right" if flat[name].dtype.kind in "if" else "left", overflow="fold"
        )
    for row in flat.itertuples(index=False):
        table.add_row(*(pretty(str(name), value) for name, value in zip(flat.columns, row, strict=True)))
    _console().print(table)


def pretty(name: str, value: Any) -> str:
    """A share as a percentage, other numbers with three decimals, «–» for no score."""
    if _plain(value) is None:
        return "–"
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, float) and (name in SHARES or name.split("_")[0] in SHARES | {"completed"}):
        return f"{100 * value:.2f} %"
    return f"{value:,.3f}" if isinstance(value, float) else f"{value:,}"


@contextmanager
def progress(what: str) -> Iterator[Callable[[str, float], None]]:
    """`report(text, share)` moves a bar on standard error; silent where that is no terminal."""
    if not sys.stderr.isatty():
        yield lambda text, share: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    with Progress(*columns, console=_console(True), transient=True) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda text, share: bar.update(task, description=text, completed=share)


def _console(error: bool = False) -> Any:
    from rich.console import Console

    return Console(stderr=error, highlight=False, markup=False, emoji=False)


def _plain(value: Any) -> Any:
    """JSON's own types; NaN and infinity are null."""
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
