"""Reading and writing items by a file's suffix.

`.smi .txt .csv .parquet .sdf`, `.gz` on any of the text kinds, `-` for the standard streams. Reading streams:
no more than one line is held besides the items. A row that cannot be used is kept as a `Reject` with its
line, never dropped in silence.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

import pandas as pd

from grammar_rae.errors import DataError
from grammar_rae.files.atomic import write_bytes

TEXT = (".smi", ".txt", ".csv", ".sdf")
KINDS = (*TEXT, ".parquet")
COLUMNS = ("smiles", "expression", "canonical_smiles", "text", "string")  # looked for in this order, any case


class Reject(NamedTuple):
    """A row that could not be used: its line (1-based; row of a table), its text, why."""

    line: int
    text: str
    reason: str


@dataclass
class Items:
    """Strings of a file, the line each came from (1-based), and the rows that could not be used."""

    values: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rejected: list[Reject] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.values)


def kind(path: str | Path) -> str:
    """The suffix that says how a path is read and written, without `.gz`; `-` is `.txt`."""
    name = str(path)
    suffix = ".txt" if name == "-" else Path(name.removesuffix(".gz")).suffix.lower()
    if suffix not in KINDS or (suffix == ".parquet" and name.endswith(".gz")):
        raise DataError(
            f"{name}: cannot tell the kind of file; expected one of {', '.join(KINDS)} (.gz on text)"
        )
    return suffix


def is_table(path: str | Path) -> bool:
    """Whether a file holds columns, not just strings. DataError as `kind`."""
    return kind(path) not in (".smi", ".txt")


def read(path: str | Path, column: str | None = None) -> Items:
    """The items of a file. DataError: missing, empty, binary or truncated file, no such column.

    `.smi` takes the first field of a line, `.txt` the line, `.csv` and `.parquet` the named column (else the
    first of `COLUMNS` there is, else the only column), `.sdf` the SMILES of each molecule.
    """
    items = Items()
    first: dict[str, str] = {}  # a string that stands a million times in a file is held once
    try:
        for line, text, problem in _rows(path, kind(path), column):
            if problem is None:
                items.values.append(first.setdefault(text, text))
                items.lines.append(line)
            else:
                items.rejected.append(Reject(line, text, problem))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: not a whole gzip file ({error}); fetch it again") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: binary file or not UTF-8, expected text; read it by its own suffix, or save it as UTF-8"
        ) from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
    if not items.values and not items.rejected:
        raise DataError(f"{path}: empty, expected one item a line")
    return items


def _rows(path: str | Path, suffix: str, column: str | None) -> Iterator[tuple[int, str, str | None]]:
    """(line, text, problem or None) of each row that is not blank."""
    if suffix == ".parquet":
        yield from _parquet(path, column)
        return
    with _opened(path) as stream:
        if suffix == ".csv":
            yield from _csv(stream, path, column)
        elif suffix == ".sdf":
            from grammar_rae.files.sdf import molecules

            yield from molecules(stream)
        else:
            for line, raw in enumerate(_checked(stream, path), 1):
                text = raw.strip()
                if text:
                    yield line, text.split()[0] if suffix == ".smi" else text, None


@contextlib.contextmanager
def _opened(path: str | Path) -> Iterator[IO[str]]:
    """A text file as a stream; `-` is standard input and is left open."""
    if str(path) == "-":
        yield sys.stdin
    elif str(path).endswith(".gz"):
        with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as packed:
            yield packed
    else:
        with open(path, encoding="utf-8-sig", newline="") as plain:
            yield plain


def _checked(stream: IO[str], path: str | Path) -> Iterator[str]:
    """The lines of a stream; a NUL byte means that it is no text."""
    for line in stream:
        if "\0" in line:
            raise DataError(f"{path}: binary file, expected text; read it by its own suffix")
        yield line


def _csv(stream: IO[str], path: str | Path, column: str | None) -> Iterator[tuple[int, str, str | None]]:
    reader = csv.reader(_checked(stream, path))
    try:
        header = next(reader, None)
        if header is None:
            return
        place = _column(header, column, path)
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            text = row[place].strip() if place < len(row) else ""
            problem = None if text else f"no value in column {header[place]!r}"
            yield reader.line_num, text or ",".join(row), problem
    except csv.Error as error:
        raise DataError(f"{path}: line {reader.line_num} is not CSV ({error})") from error


def _parquet(path: str | Path, column: str | None) -> Iterator[tuple[int, str, str | None]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as table:
            name = table.schema_arrow.names[_column(table.schema_arrow.names, column, path)]
            row = 0
            for batch in table.iter_batches(columns=[name]):
                for value in batch.column(0).to_pylist():
                    row += 1
                    text = "" if value is None else str(value).strip()
                    yield row, text, None if text else f"no value in column {name!r}"
    except pa.ArrowInvalid as error:
        raise DataError(f"{path}: not a Parquet file") from error


def _column(header: Sequence[str], column: str | None, path: str | Path) -> int:
    """Which column holds the items."""
    names = [name.strip() for name in header]
    if column is not None:
        if column in names:
            return names.index(column)
        raise DataError(f"{path}: no column {column!r}; there are {', '.join(names)}")
    lower = [name.lower() for name in names]
    for wanted in COLUMNS:
        if wanted in lower:
            return lower.index(wanted)
    if len(names) == 1:
        return 0
    raise DataError(f"{path}: which column? there are {', '.join(names)}; name one")


def write(path: str | Path, items: pd.DataFrame | Sequence[str]) -> None:
    """Write items by suffix, whole or not at all.

    `.smi` and `.txt` take the strings (the first column of a table), `.csv` and `.parquet` the table, `.sdf`
    molecules with the table's other columns as data. DataError: unwritable folder, full disk.
    """
    suffix = kind(path)
    table = (
        items
        if isinstance(items, pd.DataFrame)
        else pd.DataFrame({"smiles" if suffix != ".txt" else "text": list(items)})
    )
    if suffix == ".parquet":
        body = table.to_parquet(index=False)
    elif suffix == ".csv":
        body = table.to_csv(index=False, lineterminator="\n").encode()
    elif suffix == ".sdf":
        from grammar_rae.files.sdf import written

        body = written(table).encode()
    else:
        body = "".join(f"{text}\n" for text in table.iloc[:, 0]).encode()
    if str(path) == "-":
        sys.stdout.write(body.decode())
        return
    write_bytes(path, gzip.compress(body, mtime=0) if str(path).endswith(".gz") else body)


def write_rejects(path: str | Path, rejected: Sequence[Reject]) -> None:
    """Write rows that could not be used as a table: line, text, reason."""
    write(path, pd.DataFrame(list(rejected), columns=["line", "text", "reason"]))
