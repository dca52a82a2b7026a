"""Arrays of numbers from anybody's `.npy` and `.npz`: what they declare is checked before memory is taken for it.

NumPy's own reader allocates what a header says and raises what zlib, zipfile or a parser of Python literals may raise.
"""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from grammar_rae.errors import DataError, excerpt, one_line, shown_name
from grammar_rae.memory import require

Array = NDArray[Any]
Problem = Callable[
    [np.dtype[Any], tuple[int, ...]], str
]  # what is wrong with a type and a shape; "" for nothing

NUMBERS = "biuf"  # kinds of dtypes that are read
SMALL, PACKED = 2**26, 200  # bytes; a larger array that is packed into less than a 200th is not unpacked
PIECE = 2**20  # bytes read at a time
VERSION = (1, 0)  # of the header; later ones are for types of many named fields


@dataclass(frozen=True)
class _Stored:
    """An array that lies in a file: its bytes from the beginning of the header, and how many in all."""

    stream: IO[bytes]
    size: int
    packed: int


def fine(dtype: np.dtype[Any], shape: tuple[int, ...]) -> str:
    """Nothing is wrong with any type and shape."""
    return ""


def read_array(path: str | Path, name: str, problem: Problem = fine) -> Array:
    """The array of an `.npy`; of an `.npz` the one called `name`, or the only one that there is.

    `problem` is asked before any memory is taken. DataError where the file is missing or damaged, holds no such array,
    an array of something else than numbers, or one that there is a problem with.
    """
    with _reading(path):
        if str(path).lower().endswith(".npy"):
            with open(path, "rb") as stream:
                size = os.path.getsize(path)
                return _read(_Stored(stream, size, size), str(path), problem)
        with zipfile.ZipFile(path) as archive:
            names = _names(archive)
            if name not in names and len(names) != 1:
                raise DataError(f"{path}: expected an array «{name}»; it holds {_listed(names)}")
            return _member(archive, names.get(name) or next(iter(names.values())), str(path), problem)


def read_arrays(path: str | Path, *names: str) -> dict[str, Array]:
    """The named arrays of an `.npz`. DataError as `read_array`, or where one of them is missing."""
    with _reading(path), zipfile.ZipFile(path) as archive:
        members = _names(archive)
        missing = next((name for name in names if name not in members), None)
        if missing is not None:
            raise DataError(f"{path}: expected an array «{missing}»; it holds {_listed(members)}")
        return {name: _member(archive, members[name], f"{path}: {name}", fine) for name in names}


@contextmanager
def _reading(path: str | Path) -> Iterator[None]:
    """Whatever goes wrong with a file, in one line."""
    shown = shown_name(path)
    if not os.path.isfile(path):
        what = "a folder" if os.path.isdir(path) else "no such file"
        raise DataError(f"{shown}: {what}; expected an .npz or .npy of arrays")
    try:
        yield
    except DataError:
        raise
    except MemoryError as error:
        raise DataError(f"{shown}: there is not enough memory to read it") from error
    except Exception as error:  # of many kinds, by what is wrong with the file
        kind = "an .npy" if str(path).lower().endswith(".npy") else "an .npz"
        raise DataError(f"{shown}: cannot be read as {kind} ({one_line(error)}); write it again") from error


def _names(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The arrays of an archive."""
    found = {info.filename: info for info in archive.infolist() if info.filename.endswith(".npy")}
    return {name.removesuffix(".npy"): info for name, info in found.items()}


def _listed(names: dict[str, zipfile.ZipInfo]) -> str:
    shown = [excerpt(name)[0] for name in list(names)[:5]]
    return ", ".join(shown) + (", …" if len(names) > 5 else "") if shown else "no arrays"


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str, problem: Problem) -> Array:
    with archive.open(info) as stream:
        return _read(_Stored(stream, info.file_size, info.compress_size), where, problem)


def _read(stored: _Stored, where: str, problem: Problem) -> Array:
    """The array, once its header holds what its bytes can be."""
    version = npy.read_magic(stored.stream)
    if version != VERSION:
        raise DataError(f"{where}: an array of named fields; expected numbers")
    shape, by_column, dtype = npy.read_array_header_1_0(stored.stream)
    if dtype.kind not in NUMBERS or any(length < 0 for length in shape):
        raise DataError(
            f"{where}: an array of {excerpt(str(dtype))[0]} of shape {_shape(shape)}; expected numbers"
        )
    wrong = problem(dtype, shape)
    if wrong:
        raise DataError(f"{where}: {wrong}")
    size = math.prod(shape) * dtype.itemsize
    held = stored.size - stored.stream.tell()
    if size != held:
        raise DataError(
            f"{where}: shape {_shape(shape)} takes {size:,} bytes, it holds {held:,}; write it again"
        )
    if size > SMALL and size > PACKED * stored.packed:
        raise DataError(
            f"{where}: {size:,} bytes packed into {stored.packed:,}, as no measured numbers are; write it without "
            "compression"
        )
    require(size, where)
    content = np.empty(size, np.uint8)
    _fill(content, stored.stream)
    return content.view(dtype).reshape(shape, order="F" if by_column else "C")


def _fill(content: NDArray[np.uint8], stream: IO[bytes]) -> None:
    """EOFError where the stream ends early."""
    place = 0
    while place < len(content):
        piece = stream.read(min(PIECE, len(content) - place))
        if not piece:
            raise EOFError(f"it ends after {place:,} of {len(content):,} bytes")
        content[place : place + len(piece)] = np.frombuffer(piece, np.uint8)
        place += len(piece)
    stream.read(1)  # an archive compares its check sum at the end


def _shape(shape: tuple[int, ...]) -> str:
    return excerpt(str(shape))[0]
