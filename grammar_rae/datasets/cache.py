"""Results that take long to compute, remembered between runs in the user's cache folder.

Strings are stored as gzip text, integer rows as .npy, named arrays as .npz, called by what they were computed
from, written to a temporary name and renamed. A cache that cannot be written or read is no error: the work is
done again.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_dir

Rows = NDArray[np.integer]


def folder() -> Path:
    """The user's cache folder of this package."""
    return Path(user_cache_dir("grammar-rae"))


def remembered(kind: str, inputs: Sequence[str], compute: Callable[[], list[str | None]]) -> list[str | None]:
    """`compute()`, or what it gave last time for the same `kind` and `inputs`. An empty line is None."""
    path = _place(kind, inputs, ".txt.gz")
    try:
        lines = gzip.decompress(path.read_bytes()).decode().split("\n")
        if len(lines) == len(inputs):
            return [line or None for line in lines]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        pass  # none yet, or damaged: compute and write it anew
    values = compute()
    _keep(path, gzip.compress("\n".join(v or "" for v in values).encode(), 3, mtime=0))
    return values


def remembered_rows(kind: str, inputs: Sequence[str], compute: Callable[[], Rows]) -> Rows:
    """`remembered` for integer rows (n, T), one an input, in the dtype that `compute` gives."""
    path = _place(kind, inputs, ".npy")
    try:
        rows: Rows = np.load(path, allow_pickle=False)
        if len(rows) == len(inputs):
            return rows
    except (OSError, EOFError, ValueError):
        pass
    rows, body = compute(), io.BytesIO()
    np.save(body, rows)
    _keep(path, body.getvalue())
    return rows


def remembered_arrays(
    kind: str, inputs: Sequence[str], compute: Callable[[], dict[str, NDArray[Any]]]
) -> dict[str, NDArray[Any]]:
    """`remembered` for named arrays of any shapes."""
    path = _place(kind, inputs, ".npz")
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)
    except (OSError, EOFError, ValueError, KeyError, zlib.error, zipfile.BadZipFile):
        pass
    arrays, body = compute(), io.BytesIO()
    np.savez_compressed(body, **arrays)  # type: ignore[arg-type]
    _keep(path, body.getvalue())
    return arrays


def _place(kind: str, inputs: Sequence[str], suffix: str) -> Path:
    digest = hashlib.sha256("\n".join(inputs).encode()).hexdigest()[:24]
    return folder() / f"{kind}-{digest}{suffix}"


def _keep(path: Path, body: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(body)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
