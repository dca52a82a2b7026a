"""The rows of a text file: its strings with their lines, and why a row has none."""

from __future__ import annotations

import csv
import itertools
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from grammar_rae.errors import excerpt
from grammar_rae.files.layout import BLANKS, LOOKED_AT, Layout, Reading, layout_of
from grammar_rae.files.lines import LONGEST, Line, lines

LONGEST_CELL = 1000  # lines of a quoted cell; one that goes on has lost its closing quote
MARK = re.compile(r'"?sep=."?', re.IGNORECASE)
TOO_LONG = f"a line of more than {LONGEST:,} characters"

csv.field_size_limit(LONGEST)  # that of Python is 131,072, for the whole process


class Row(NamedTuple):
    """A line's number and its string, or why there is none (`text` is then what stands there)."""

    line: int
    text: str
    problem: str | None = None


def rows(
    path: str | Path, suffix: str, column: str | None, reading: Reading
) -> tuple[Layout | None, Iterator[Row]]:
    """How a text file is laid out, None of an empty one, and its rows. DataError as `lines` and `layout_of`."""
    stream = _unmarked(lines(path))
    head = list(itertools.islice(stream, LOOKED_AT))
    stream = itertools.chain(head, stream)
    shown = [line.text.rstrip("\r\n") for line in head if line.whole and line.text.strip()]
    if not shown and not reading.exact:
        while head and not shown:  # blank lines before the first row
            head = list(itertools.islice(stream, LOOKED_AT))
            shown = [line.text.rstrip("\r\n") for line in head if line.whole and line.text.strip()]
        stream = itertools.chain(head, stream)
    if not head:
        return None, iter(())
    layout = layout_of(shown, suffix, column, reading, str(path)) if shown else Layout(None, None)
    found = _of_lines(stream, layout, reading) if layout.separator in (None, BLANKS) else None
    return layout, _of_cells(stream, layout, reading) if found is None else found


def _unmarked(stream: Iterator[Line]) -> Iterator[Line]:
    """The lines without the first where that only names the separator, as spreadsheets write it."""
    for line in stream:
        if line.number > 1 or MARK.fullmatch(line.text.strip()) is None:
            yield line


def _of_lines(stream: Iterator[Line], layout: Layout, reading: Reading) -> Iterator[Row]:
    """A string a line: all of it, or what stands at a place between blanks."""
    header = layout.header is not None
    for line in stream:
        text = line.text.rstrip("\r\n") if reading.exact else line.text.strip()
        if not text and not reading.exact:
            continue
        if header:
            header = False
        elif not line.whole:
            yield Row(line.number, excerpt(text)[0], TOO_LONG)
        elif layout.separator is None:
            yield Row(line.number, text)
        else:
            cells = text.split(None, layout.place + 1)
            value = cells[layout.place] if layout.place < len(cells) else ""
            yield Row(line.number, value or text, None if value else f"no value in {_called(layout)}")


def _of_cells(stream: Iterator[Line], layout: Layout, reading: Reading) -> Iterator[Row]:
    """The cells at a place of the rows of a table."""
    header, place, separator = layout.header is not None, layout.place, layout.separator or ","
    for number, cells, text in _records(stream, separator):
        if cells is None:
            yield Row(number, excerpt(text.strip())[0], _unread(text))
            continue
        if not cells or (not reading.exact and not any(map(str.strip, cells))):
            if cells and layout.width == 1:
                yield Row(number, "", "empty")
            continue
        if header:
            header = False
            continue
        if layout.width == 1:
            cells = [separator.join(cells)]
        value = cells[place] if place < len(cells) else ""
        value = value if reading.exact else value.strip()
        if place and any(map(str.strip, cells[layout.width :])):
            yield Row(number, separator.join(cells), f"{len(cells)} cells, expected {layout.width}")
        elif value or (reading.exact and place < len(cells)):
            yield Row(number, value)
        else:
            yield Row(number, separator.join(cells), f"no value in {_called(layout)}")


def _records(stream: Iterator[Line], separator: str) -> Iterator[tuple[int, list[str] | None, str]]:
    """(line where it ends, cells, "") of each record; (line, None, the line) of one with a quote that is not closed, or
    a line that is too long. Reading goes on behind that line.
    """
    again: deque[Line] = deque()
    taken: list[Line] = []

    def feed() -> Iterator[str]:
        while line := again.popleft() if again else next(stream, None):
            taken.append(line)
            if len(taken) > LONGEST_CELL or not line.whole:
                raise csv.Error
            yield line.text

    while True:
        taken.clear()
        try:
            for cells in csv.reader(feed(), delimiter=separator, strict=True):
                yield taken[-1].number, cells, ""
                taken.clear()
            return
        except csv.Error:
            first, *rest = taken
            again.extendleft(reversed(rest))
            yield first.number, None, first.text


def _unread(text: str) -> str:
    return TOO_LONG if len(text) >= LONGEST else "a quote that is not closed, or closed within a cell"


def _called(layout: Layout) -> str:
    return f"column {layout.place + 1 if layout.name is None else repr(layout.name)}"
