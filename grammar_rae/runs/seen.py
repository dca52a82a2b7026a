"""The hashes of a run's training strings, which novelty is counted by: in its folder, or where that points to."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grammar_rae.errors import DataError, excerpt
from grammar_rae.evaluation.novelty import unpack
from grammar_rae.files.arrays import read_array

LONGEST = 4096  # bytes of a path


def file_of(folder: Path) -> Path | None:
    """The hashes of the training strings: in the folder, or where its `seen.txt` says. None where it has neither.

    Shipped models of one training set share a file.
    """
    pointer = folder / "seen.txt"
    if pointer.is_file() and not (folder / "seen.npy").is_file():
        with pointer.open("rb") as file:
            return folder / os.fsdecode(file.read(LONGEST)).strip()
    return folder / "seen.npy" if (folder / "seen.npy").is_file() else None


def read(folder: Path) -> NDArray[np.uint64] | None:
    """The hashes (n,), None where there are none. DataError where their file is missing or damaged."""
    path = file_of(folder)
    if path is None:
        return None
    try:
        return unpack(read_array(path, ""))
    except ValueError as error:
        raise DataError(
            f"{error}; {excerpt(path.name)[0]} is missing or damaged: copy it again, or delete it and seen.txt, it "
            "serves novelty"
        ) from error
