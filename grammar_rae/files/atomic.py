"""Files and folders written whole or not at all: under another name, then renamed."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from grammar_rae.errors import DataError, shown_name
from grammar_rae.files.claims import check, claimed, held, make, occupied, sweep, unfinished


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write a file. DataError where it cannot be written; what stood there then still does.

    Nothing is written into a folder that this process works in and somebody removed.
    """
    target = Path(os.path.realpath(path))
    check(target)
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)  # a pipe or a device: nothing takes its place
            return
        _swept_once(target.parent)
        partial = unfinished(target)
        with held(partial):
            try:
                partial.write_bytes(content)
                partial.replace(target)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise DataError(f"{shown_name(path)}: cannot be written ({error.strerror or error})") from error


def replace(path: Path, content: bytes | str) -> None:
    """`write_bytes` of bytes or UTF-8, in a folder that is made where there is none. OSError where it cannot be."""
    make(path.parent)
    write_bytes(path, content.encode() if isinstance(content, str) else content)


@cache
def _swept_once(folder: Path) -> None:
    """A folder may hold thousands of files, all written by one process."""
    sweep(folder)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """An empty folder to fill, which becomes `path` when the block ends and is removed where it fails.

    DataError where another process is filling it, OSError where something stands there already.
    """
    fresh = unfinished(path)
    sweep(path.parent)
    with occupied(fresh):
        try:
            yield fresh
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
    fresh.rename(path)


@contextlib.contextmanager
def scratch_folder(path: Path) -> Iterator[Path]:
    """A folder beside `path` for what goes into making it, removed when the block ends. DataError as `new_folder`."""
    place = unfinished(path)
    sweep(path.parent)
    with claimed(place):
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)
