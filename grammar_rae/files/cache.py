"""Results that take long to compute, remembered between runs in the user's cache folder.

A file is called by what was computed and a hash of the strings it was computed from. A cache that cannot be read or
written is no error: the work is done again.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_dir

from grammar_rae.errors import DataError
from grammar_rae.files.atomic import write_bytes

Strings = list[str | None]
Rows = NDArray[np.integer]
Arrays = dict[str, NDArray[Any]]
T = TypeVar("T", Strings, Rows, Arrays)

WORTHWHILE = 20_000  # strings; what few give is computed again in less time than it takes to look

DAMAGED = (OSError, EOFError, ValueError, KeyError, zlib.error, zipfile.BadZipFile)


def folder() -> Path:
    """The user's cache folder of this package."""
    return Path(user_cache_dir("grammar-rae"))


def remembered_strings(kind: str, inputs: Sequence[str], compute: Callable[[], Strings]) -> Strings:
    """`compute()`, one string or None an input, or what it gave last time for the same `kind` and `inputs`.

    An empty string comes back as None.
    """
    return _remembered(_STRINGS, kind, inputs, compute)


def remembered_rows(kind: str, inputs: Sequence[str], compute: Callable[[], Rows]) -> Rows:
    """The same for integer rows (n, T), one an input, in the dtype that `compute` gives."""
    return _remembered(_ROWS, kind, inputs, compute)


def remembered_arrays(kind: str, inputs: Sequence[str], compute: Callable[[], Arrays]) -> Arrays:
    """The same for named arrays of any shapes."""
    return _remembered(_ARRAYS, kind, inputs, compute)


@dataclass(frozen=True)
class _Format(Generic[T]):
    """How a value is stored. `one_each`: its length is the number of inputs, which is checked."""

    suffix: str
    pack: Callable[[T], bytes]
    unpack: Callable[[bytes], T]
    one_each: bool = True


def _remembered(stored: _Format[T], kind: str, inputs: Sequence[str], compute: Callable[[], T]) -> T:
    digest = hashlib.sha256("\n".join(inputs).encode()).hexdigest()[:24]
    path = folder() / f"{kind}-{digest}{stored.suffix}"
    with contextlib.suppress(*DAMAGED):
        value = stored.unpack(path.read_bytes())
        if len(value) == len(inputs) or not stored.one_each:
            return value
    value = compute()
    with contextlib.suppress(OSError, DataError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, stored.pack(value))
    return value


def _pack_strings(strings: Strings) -> bytes:
    return gzip.compress("\n".join(text or "" for text in strings).encode(), 3, mtime=0)


def _unpack_strings(content: bytes) -> Strings:
    return [text or None for text in gzip.decompress(content).decode().split("\n")]


def _pack_rows(rows: Rows) -> bytes:
    stream = io.BytesIO()
    np.save(stream, rows)
    return stream.getvalue()


def _unpack_rows(content: bytes) -> Rows:
    rows: Rows = np.load(io.BytesIO(content), allow_pickle=False)
    return rows


def _pack_arrays(arrays: Arrays) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def _unpack_arrays(content: bytes) -> Arrays:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


_STRINGS = _Format(".txt.gz", _pack_strings, _unpack_strings)
_ROWS = _Format(".npy", _pack_rows, _unpack_rows)
_ARRAYS = _Format(".npz", _pack_arrays, _unpack_arrays, one_each=False)
