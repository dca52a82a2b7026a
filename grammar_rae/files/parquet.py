"""A column of a Parquet file, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from grammar_rae.errors import DataError
from grammar_rae.files.layout import Layout, Reading, chosen
from grammar_rae.files.rows import Row


def rows(path: str | Path, column: str | None, reading: Reading) -> tuple[Layout, Iterator[Row]]:
    """Which column holds the items, and its rows. DataError as `layout.chosen`, or for what is no Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as table:
            names = table.schema_arrow.names
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.strerror:
            raise
        raise DataError(f"{path}: not a Parquet file") from error
    place = chosen(names, column, str(path))
    return Layout(None, names, place, len(names)), _values(path, place, names[place], reading)


def _values(path: str | Path, place: int, name: str, reading: Reading) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    row = 0
    try:
        with pq.ParquetFile(path) as table:
            for batch in table.iter_batches(columns=[name]):
                for value in batch.column(0).to_pylist():
                    row += 1
                    text = "" if value is None else str(value)
                    text = text if reading.exact else text.strip()
                    missing = value is None or not (text or reading.exact)
                    yield Row(row, text, f"no value in column {name!r}" if missing else None)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: a damaged Parquet file, at row {row + 1:,}") from error
