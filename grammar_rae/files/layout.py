"""How the rows of a text file are laid out: what separates the cells, whether there is a header, which column counts.

Seen from the first rows. What is not sure is asked for, never guessed in silence.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grammar_rae.errors import DataError, excerpt, option

LOOKED_AT = 20  # rows from which the layout is seen
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
COMMENT = "# "  # before the names of columns
BLANKS = " "  # a line is cut at any of its blanks
FIRST = {".csv": ",", ".tsv": "\t", ".smi": BLANKS}  # what separates where nothing else is seen
COLUMNS = {  # names of columns that hold items, looked for in this order, and the kind of data that they say
    "smiles": "molecules",
    "canonical_smiles": "molecules",
    "isomeric_smiles": "molecules",
    "smi": "molecules",
    "expression": "expressions",
    "equation": "expressions",
    "text": None,
    "string": None,
}


class NoColumn(DataError):
    """A table has no column of that name."""


@dataclass(frozen=True)
class Reading:
    """What is known of the strings of a file before it is read.

    `is_item`: whether a cell looks like an item, so that it is no column's name. `exact`: a line is a string with all
    its blanks, and an empty line is one too.
    """

    is_item: Callable[[str], bool] = lambda text: False
    exact: bool = False


@dataclass(frozen=True)
class Layout:
    """Cells are separated by `separator` (None: a line is the string); the items stand at `place` of `width` cells.
    `header`: the names of the columns, None where the first row holds items.
    """

    separator: str | None
    header: Sequence[str] | None
    place: int = 0
    width: int = 1

    @property
    def name(self) -> str | None:
        """What the column is called, None without a header."""
        return None if self.header is None else self.header[self.place]

    def says(self, suffix: str) -> str:
        """What is unusual for a suffix, in words; empty where nothing is."""
        words = []
        if self.separator in SEPARATORS and self.separator != FIRST.get(suffix):
            words.append(f"separated by {SEPARATORS[self.separator]}")
        if self.header is None and (words or self.place or suffix in (".csv", ".tsv")):
            words.append(f"no header, the strings in column {self.place + 1}")
        elif self.header is not None and (
            words or suffix not in (".csv", ".tsv") or named(self.header) is None
        ):
            words.append(f"a header, the strings in column {self.name!r}")
        others = [name for name in self.header or () if name != self.name and kind_of(name)]
        if others:
            words.append(f"column {self.name!r} is taken, not {', '.join(map(repr, others))}")
        return ", ".join(words)


def named(header: Sequence[str], first: Sequence[str] = ()) -> int | None:
    """The column with the first name that there is of `first`, as they are, and of `COLUMNS`; None of none."""
    for wanted in first:
        if wanted in header:
            return header.index(wanted)
    keys = [_key(name) for name in header]
    return next((keys.index(wanted) for wanted in COLUMNS if wanted in keys), None)


def kind_of(name: str | None) -> str | None:
    """The kind of data that a column's name says, if any."""
    return None if name is None else COLUMNS.get(_key(name))


def chosen(header: Sequence[str], column: str | None, where: str, likely: Sequence[int] = ()) -> int:
    """Which of the named columns holds the items. DataError where it is not there, or cannot be told; it proposes the
    first of those at the places `likely`, which hold what looks like items.
    """
    if column is not None:
        if column in header:
            return header.index(column)
        if column.isdecimal() and 1 <= int(column) <= len(header):
            return int(column) - 1
        raise NoColumn(f"{where}: no column {column!r}; there are {_listed(header)}")
    place = named(header)
    if place is None and len(header) > 1:
        proposed = likely[0] if likely else 0
        raise DataError(
            f"{where}: which column? there are {_listed(header)}; name one, with {option('column')} or as "
            f"{where}:{header[proposed] or proposed + 1}"
        )
    return place or 0


def _listed(header: Sequence[str]) -> str:
    """The names of columns."""
    return ", ".join(name or "one without a name" for name in header)


def layout_of(head: Sequence[str], suffix: str, column: str | None, reading: Reading, where: str) -> Layout:
    """The layout of a file that begins with the lines `head`, blank ones left out. DataError as `chosen`."""
    if reading.exact and suffix == ".txt":
        return Layout(None, None)
    lines = suffix not in (".csv", ".tsv")  # a file of lines, not of a table's rows
    first = () if column is None else (column,)
    cut = {separator: _cut(head, separator) for separator in _order(suffix)}
    bare = [head[0].lstrip(COMMENT), *head[1:]]
    titles = {separator: _cut(bare, separator)[0] for separator in cut}
    headed = [separator for separator, row in titles.items() if _is_header(row, lines, first, reading)]
    if headed:
        best = max(headed, key=lambda separator: len(titles[separator]))
        header = titles[best]
        place = chosen(header, column if not lines or column in header else None, where)
        alone = len(header) == 1 and suffix not in FIRST
        return Layout(None if alone else best, header, place, len(header))
    if lines and column is not None and column.isdecimal():
        return _numbered(cut, suffix, column, where)
    return _of_lines(cut, suffix, reading) if lines else _of_rows(head, cut, column, reading, where)


def _of_lines(cut: dict[str, list[list[str]]], suffix: str, reading: Reading) -> Layout:
    """A line is the string, or begins with it, unless some separator alone makes items of the lines."""
    whole = FIRST.get(suffix)
    rows = cut[whole] if whole else [[" ".join(row)] for row in cut[BLANKS]]
    if not _items(rows, 0, reading):
        for separator in (*([] if whole is None else [whole]), *SEPARATORS):
            head, *others = cut[separator]
            for place in range(_width(cut[separator])):
                if others and _items(others, place, reading):
                    header = None if reading.is_item(head[place]) else head
                    return Layout(separator, header, place, len(head))
    return Layout(whole, None)


def _numbered(cut: dict[str, list[list[str]]], suffix: str, column: str, where: str) -> Layout:
    """A column of lines without a header, by its number. NoColumn where they have not so many."""
    tried = cut if FIRST.get(suffix) else {one: rows for one, rows in cut.items() if one != BLANKS}
    for separator, rows in tried.items():
        if 1 <= int(column) <= len(rows[0]) and (_width(rows) > 1 or separator == FIRST.get(suffix)):
            return Layout(separator, None, int(column) - 1, len(rows[0]))
    if column == "1":
        return Layout(FIRST.get(suffix), None)
    raise NoColumn(f"{where}: no column {column}; its first line is «{excerpt(_first(cut))[0]}»")


def _first(cut: dict[str, list[list[str]]]) -> str:
    """The first line, its blanks aside."""
    return " ".join(cut[BLANKS][0])


def _of_rows(
    head: Sequence[str], cut: dict[str, list[list[str]]], column: str | None, reading: Reading, where: str
) -> Layout:
    """A table without a name that is known: with a header, unless its first row holds items as the others do."""
    separator = next((one for one, rows in cut.items() if _width(rows) > 1), next(iter(cut)))
    first, *others = cut[separator]
    if all(reading.is_item(line) and "\t" not in line for line in head):
        return Layout(separator if len(first) == 1 else None, None)
    below = [i for i in range(len(first)) if _items(others, i, reading)]
    places = [i for i in range(len(first)) if reading.is_item(first[i]) and (len(first) == 1 or i in below)]
    if not places:
        _one_cell(first, where)
        return Layout(separator, first, chosen(first, column, where, below), len(first))
    if column is not None and column.isdecimal() and 1 <= int(column) <= len(first):
        return Layout(separator, None, int(column) - 1, len(first))
    shown = ", ".join(f"{i} «{excerpt(cell)[0]}»" for i, cell in enumerate(first, 1))
    if column is not None:
        raise NoColumn(f"{where}: no column {column!r}; the first row is no header, its cells are {shown}")
    if len(places) > 1:
        raise DataError(
            f"{where}: which column? there are {shown}; give its number, as {option('column')} 1 or {where}:1"
        )
    return Layout(separator, None, places[0], len(first))


def _one_cell(header: Sequence[str], where: str) -> None:
    """DataError for a header of one cell that seems to be several."""
    inside = [words for separator, words in SEPARATORS.items() if separator in header[0]]
    if len(header) == 1 and inside:
        raise DataError(
            f"{where}: one column called «{excerpt(header[0])[0]}»; is it separated by {inside[0]}? its rows "
            "are not all of so many cells"
        )


def _order(suffix: str) -> list[str]:
    """Separators in the order in which they are tried."""
    return list(dict.fromkeys([FIRST.get(suffix, BLANKS), *SEPARATORS]))


def _cut(head: Sequence[str], separator: str) -> list[list[str]]:
    """The rows of the first lines, those of several lines too."""
    if separator == BLANKS:
        return [line.split() for line in head]
    rows = [[cell.strip() for cell in row] for row in csv.reader(head, delimiter=separator)]
    return [row for row in rows if any(row)] or [[""]]


def _width(rows: Sequence[Sequence[str]]) -> int:
    """How many columns nearly all rows have, 1 where they differ."""
    widths = [len(row) for row in rows]
    alike = sum(width == widths[0] for width in widths)
    return widths[0] if alike > 0.8 * len(widths) else 1


def _is_header(row: Sequence[str], lines: bool, first: Sequence[str], reading: Reading) -> bool:
    """Whether a first row names a column that is looked for. In a file of lines, where a string may be any word, only
    names count that say a kind of data, and those asked for.
    """
    place = named(row, first)
    if place is None or not lines or row[place] in first:
        return place is not None
    return kind_of(row[place]) is not None and not reading.is_item(row[place])


def _items(rows: Sequence[Sequence[str]], place: int, reading: Reading) -> bool:
    """Whether most rows have an item at a place, none of them too."""
    found = [place < len(row) and reading.is_item(row[place]) for row in rows]
    return 2 * sum(found) >= len(found)


def _key(name: str) -> str:
    """A column's name as `COLUMNS` has it."""
    return "_".join(name.strip().strip("\"'").lower().replace("-", " ").split())
