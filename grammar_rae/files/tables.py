"""Reading and writing items by a file's suffix.

`.smi .txt .csv .tsv .parquet .sdf`, `.gz` on any of the text kinds, `-` for the standard streams. Reading streams:
no more than one line is held besides the items. A row that cannot be used is kept as a `Reject` with its
line, never dropped in silence.
"""

from __future__ import annotations

import gzip
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from grammar_rae.errors import DataError, excerpt, shown_name
from grammar_rae.files import images, layout, parquet, rows
from grammar_rae.files.atomic import write_bytes
from grammar_rae.files.layout import Layout, Reading
from grammar_rae.limits.lengths import too_long

TEXT = (".smi", ".txt", ".csv", ".tsv", ".sdf")
KINDS = (*TEXT, ".parquet")
ALIASES = {".smiles": ".smi", ".ism": ".smi", ".tab": ".tsv", ".sd": ".sdf", ".pq": ".parquet"}
PLAIN = Reading()
MOLECULES = (".smi", ".sdf")  # files of nothing else


class Reject(NamedTuple):
    """A row that could not be used: its line (1-based; row of a table), its text, why."""

    line: int
    text: str
    reason: str


@dataclass
class Items:
    """Strings of a file, the line each came from (1-based), and the rows that could not be used.

    `kind`: the kind of data that the file says it holds, by its suffix or the name of its column, if any.
    """

    values: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rejected: list[Reject] = field(default_factory=list)
    kind: str | None = None

    def __len__(self) -> int:
        return len(self.values)


def kind(path: str | Path) -> str:
    """The suffix that says how a path is read and written, without `.gz`; `-` is `.txt`."""
    name = str(path)
    suffix = ".txt" if name == "-" else _suffix(name)
    if suffix not in KINDS or (suffix == ".parquet" and name.endswith(".gz")):
        raise DataError(
            f"{name}: cannot tell the kind of file; expected one of {', '.join(KINDS)} (.gz on text)"
        )
    return suffix


def is_table(path: str | Path) -> bool:
    """Whether a file holds columns, not just strings. DataError as `kind`."""
    return kind(path) not in (".smi", ".txt")


def is_name(text: str) -> bool:
    """Whether a string is the name of a file of items, whether or not there is one, FILE:COLUMN too."""
    return _suffix(located(text)[0]) in KINDS


def _suffix(name: str) -> str:
    suffix = Path(name.removesuffix(".gz")).suffix.lower()
    return ALIASES.get(suffix, suffix)


def located(path: str | Path, column: str | None = None) -> tuple[str, str | None]:
    """A file and its column; that of FILE:COLUMN comes before one that is given for several files."""
    name = str(path)
    file, colon, last = name.rpartition(":")
    if colon and last and not os.path.exists(name) and (file == "-" or os.path.isfile(file)):
        return file, last
    return name, column


def read(path: str | Path, column: str | None = None, reading: Reading = PLAIN) -> Items:
    """The items of a file, FILE:COLUMN too. DataError: missing, empty, binary or truncated file, no such column.

    `.smi` takes the first field of a line, `.txt` the line, `.csv`, `.tsv` and `.parquet` the named column (else the
    first of `layout.COLUMNS` there is, else the only column), `.sdf` the SMILES of each molecule. Separators and
    headers are seen from the first rows; one warning says what was unusual and how many rows cannot be used.
    """
    path, column = located(path, column)
    _there(path)
    suffix = kind(path)
    found, stream = _rows(path, suffix, column, reading)
    items = Items(
        kind="molecules" if suffix in MOLECULES else layout.kind_of(None if found is None else found.name)
    )
    first: dict[str, str] = {}  # a string that stands a million times in a file is held once
    for line, text, problem in stream:
        if problem is None and (long := too_long(text)):
            text, problem = excerpt(text)[0], long
        if problem is None:
            items.values.append(first.setdefault(text, text))
            items.lines.append(line)
        else:
            items.rejected.append(Reject(line, text, problem))
    if not items.values and not items.rejected:
        raise DataError(f"{path}: empty, expected one item a line")
    _say(
        path, "" if found is None or suffix == ".parquet" else _unusual(found, suffix, column, reading), items
    )
    return items


def _there(path: str) -> None:
    """DataError where there is no such file, or what is there can be none of strings."""
    if path == "-":
        return
    if not os.path.exists(path):
        raise DataError(f"{shown_name(path)}: no such file")
    if os.path.isdir(path) or images.is_name(path):
        what = "a folder" if os.path.isdir(path) else "a file of images or arrays"
        raise DataError(f"{path}: {what} cannot be read as strings; expected one of {', '.join(KINDS)}")


def _unusual(found: Layout, suffix: str, column: str | None, reading: Reading) -> str:
    """What a user may not expect of how a text file is read: a column that was named and is not there, or `says`."""
    if column is None:
        return found.says(suffix)
    by_number = column.isdecimal() and not (reading.exact and suffix == ".txt")
    if column == found.name or by_number or suffix in (".csv", ".tsv"):
        return ""
    return f"no column {excerpt(column)[0]!r} there, its lines are read without"


def _rows(
    path: str, suffix: str, column: str | None, reading: Reading
) -> tuple[Layout | None, Iterator[rows.Row]]:
    """How the file is laid out, where it can be in several ways, and its rows."""
    if suffix == ".sdf":
        if column is not None:
            raise layout.NoColumn(f"{path}: no column {column!r}; the records of an SD file are molecules")
        from grammar_rae.files.sdf import molecules

        return None, molecules(path)
    try:
        if suffix == ".parquet":
            return parquet.rows(path, column, reading)
        return rows.rows(path, suffix, column, reading)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error


def _say(path: str, unusual: str, items: Items) -> None:
    """One warning of what is unusual, and of rows that cannot be used."""
    words = [unusual]
    if items.rejected:
        line, _, reason = items.rejected[0]
        count = len(items.rejected)
        words.append(
            f"{count:,} of {count + len(items):,} rows hold no string, the first: line {line}: {reason}"
        )
    if any(words):
        warnings.warn(f"{path}: {'; '.join(filter(None, words))}", stacklevel=3)


def write(path: str | Path, items: pd.DataFrame | Sequence[str]) -> None:
    """Write items by suffix, whole or not at all.

    `.smi` and `.txt` take the strings (the first column of a table), `.csv`, `.tsv` and `.parquet` the table, `.sdf`
    molecules with the table's other columns as data. DataError: unwritable folder, full disk, a string that would not
    be read again as it is.
    """
    suffix = kind(path)
    table = (
        items
        if isinstance(items, pd.DataFrame)
        else pd.DataFrame({"smiles" if suffix != ".txt" else "text": list(items)})
    )
    if suffix == ".parquet":
        body = table.to_parquet(index=False)
    elif suffix in (".csv", ".tsv"):
        separator = "\t" if suffix == ".tsv" else ","
        body = table.to_csv(index=False, sep=separator, lineterminator="\n").encode()
    elif suffix == ".sdf":
        from grammar_rae.files.sdf import written

        body = written(table).encode()
    else:
        body = "".join(f"{text}\n" for text in _kept(table.iloc[:, 0], suffix, path)).encode()
    if str(path) == "-":
        _print(body.decode())
        return
    write_bytes(path, gzip.compress(body, mtime=0) if str(path).endswith(".gz") else body)


def _kept(strings: Sequence[str], suffix: str, path: str | Path) -> Iterator[str]:
    """The strings. DataError where a line would not hold one as it is."""
    for number, text in enumerate(strings, 1):
        shown = f"{path}: string {number}, «{excerpt(str(text))[0]}»,"
        if suffix == ".smi" and str(path) != "-" and str(text).split() != [text]:
            raise DataError(f"{shown} is empty or holds blanks, which end a string of a .smi; write .csv")
        if suffix == ".txt" and str(path) != "-" and any(end in str(text) for end in "\r\n"):
            raise DataError(f"{shown} holds an end of line; write .csv")
        yield text


def _print(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError as error:
        raise DataError(
            f"standard output takes {encoding} alone, and there is {error.object[error.start]!a} to write; "
            "set PYTHONIOENCODING=utf-8, or name a file"
        ) from error
    sys.stdout.write(text)


def write_rejects(path: str | Path, rejected: Sequence[Reject]) -> None:
    """Write rows that could not be used as a table: line, text, reason. Of none only in place of a former file, whose
    rows are those of something else.
    """
    if rejected or os.path.exists(path):
        write(path, pd.DataFrame(list(rejected), columns=["line", "text", "reason"]))
