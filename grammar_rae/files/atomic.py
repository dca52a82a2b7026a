"""Files and folders written whole or not at all: under another name, then renamed."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from grammar_rae.errors import DataError


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write a file. DataError where it cannot be written; what stood there then still does."""
    target = Path(path)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        partial.write_bytes(content)
        partial.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from error


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """An empty folder to fill, which takes the place of `path` when the block ends and is removed where it fails.

    A process that is killed leaves the former content where `latest_folder` finds it.
    """
    fresh, former = _fresh(path), _former(path)
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(parents=True)
        yield fresh
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    if path.exists():
        shutil.rmtree(former, ignore_errors=True)
        path.rename(former)
    fresh.rename(path)
    shutil.rmtree(former, ignore_errors=True)


def latest_folder(path: Path) -> Path | None:
    """The last folder that `new_folder` completed at `path`, None where there is none."""
    return next((place for place in (path, _former(path)) if place.is_dir()), None)


def _fresh(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _former(path: Path) -> Path:
    return path.with_name(f"{path.name}.old")
