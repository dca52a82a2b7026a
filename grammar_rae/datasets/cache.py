"""Results that take long to compute, remembered between runs in the user's cache folder.

A list of strings is stored as gzip text named by what it was computed from, written to a temporary name and
renamed. A cache that cannot be written or read is no error: the work is done again.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pooch


def folder() -> Path:
    """The user's cache folder of this package."""
    return Path(pooch.os_cache("grammar-rae"))


def remembered(kind: str, inputs: Sequence[str], compute: Callable[[], list[str | None]]) -> list[str | None]:
    """`compute()`, or what it gave last time for the same `kind` and `inputs`. An empty line is None."""
    digest = hashlib.sha256("\n".join(inputs).encode()).hexdigest()[:24]
    path = folder() / f"{kind}-{digest}.txt.gz"
    try:
        lines = gzip.decompress(path.read_bytes()).decode().split("\n")
        if len(lines) == len(inputs):
            return [line or None for line in lines]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        pass  # none yet, or damaged: compute and write it anew
    values = compute()
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(gzip.compress("\n".join(v or "" for v in values).encode(), 3, mtime=0))
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return values
