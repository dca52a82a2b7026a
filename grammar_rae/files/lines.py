"""The lines of a text file, whatever it is packed in and however it is encoded; no more than one is held.

UTF-8, or what a byte order mark says; a byte that is neither is read as Latin-1. A file that begins as something else
than text, or holds a zero byte, is refused.
"""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from grammar_rae.errors import DataError

LONGEST = (
    10_000_000  # characters of a line that is read; the rest is passed over, and the line cannot be used
)
BEGINNINGS = {  # of files that are no text
    b"\x89PNG": "a picture",
    b"PK\x03\x04": "a zip archive or Excel file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "packed by gzip, so its name should end with .gz",
    b"BZh": "packed by bzip2",
    b"\xfd7zXZ": "packed by xz",
}
MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
FALLBACK = "grammar_rae.latin1"  # the name of the error handler below


class Line(NamedTuple):
    """A line with its number, from 1, and its end; `whole` unless it is longer than `LONGEST`."""

    number: int
    text: str
    whole: bool = True


def _as_latin1(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error(FALLBACK, _as_latin1)


def lines(path: str | Path) -> Iterator[Line]:
    """The lines of a file, `.gz` unpacked; of standard input for `-`. DataError where they cannot be had."""
    try:
        with _opened(path) as stream:
            number = 0
            while text := stream.readline(LONGEST):
                number += 1
                if "\0" in text:
                    raise DataError(f"{path}: binary file, expected text; read it by its own suffix")
                whole = len(text) < LONGEST or text.endswith("\n")
                yield Line(number, text, whole)
                while not whole:
                    text = stream.readline(LONGEST)
                    whole = len(text) < LONGEST or text.endswith("\n")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: not a whole gzip file ({error}); fetch it again") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: cannot be read ({error})") from error


@contextlib.contextmanager
def _opened(path: str | Path) -> Iterator[IO[str]]:
    """A text file as a stream; standard input is left open."""
    if str(path) == "-":
        yield _standard_input()
        return
    with gzip.open(path, "rb") if str(path).endswith(".gz") else open(path, "rb") as body:
        head = body.peek(8)
        for beginning, what in BEGINNINGS.items():
            if head.startswith(beginning):
                raise DataError(f"{path}: binary file, {what}; expected text")
        encoding = "utf-16" if head.startswith(MARKS) else "utf-8-sig"
        yield io.TextIOWrapper(cast(IO[bytes], body), encoding, FALLBACK, newline="")


def _standard_input() -> IO[str]:
    stream = sys.stdin
    if stream is None or stream.closed:
        raise DataError("-: standard input is closed; name a file")
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8-sig", errors=FALLBACK, newline="")
    return stream
