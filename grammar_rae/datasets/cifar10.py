"""CIFAR-10: the authors' batches for Python, in their folder or archive, or lossless sheets of 1,000 images."""

from __future__ import annotations

import io
import lzma
import pickle
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grammar_rae.datasets.dataset import Dataset
from grammar_rae.datasets.image_sets import dataset
from grammar_rae.datasets.sources import locate, present
from grammar_rae.errors import DataError
from grammar_rae.files.arrays import read_arrays
from grammar_rae.files.images import Image, Images, read_image

Batch = tuple[NDArray[np.uint8], NDArray[np.integer]]
PARTS = ([f"data_batch_{i}" for i in range(1, 6)], ["test_batch"])
FOLDER, ARCHIVE = "cifar-10-batches-py", "cifar-10-python.tar.gz"
SHEETS = ("cifar10/train_{:02}.webp", "cifar10/test_{:02}.webp")
SHEET_LABELS = "cifar10/labels.npz"
VALID = 10_000  # the last of the 50,000 to train on
ALLOWED = {  # all that the authors' files ask of pickle
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}


def cifar10() -> Dataset[Image]:
    """CIFAR-10: 50,000 photographs in colour, 32 x 32, the last 10,000 of them validate; 10,000 test.

    Labelled by the class, 0 to 9 in the authors' order. The sheets hold the first 20,000 and the first 1,000; the last
    tenth of the 20,000 validates then, and without `labels.npz` beside them they have no labels. DataError where none
    of them is to be had, or cannot be read.
    """
    folder = present(f"cifar10/{FOLDER}", FOLDER)
    archive = present(f"cifar10/{ARCHIVE}", ARCHIVE)
    parts: Sequence[tuple[NDArray[np.uint8], NDArray[np.integer] | None]]
    if folder is not None:
        parts = [_joined([_from_folder(folder / n) for n in names]) for names in PARTS]
    elif archive is not None:
        parts = _from_archive(archive)
    else:
        parts = _from_sheets()
    (train, classes), (test, tested) = parts
    images = Images.of(train, "cifar10 train", classes)
    cut = len(images) - (VALID if len(images) > 2 * VALID else len(images) // 10)
    return dataset("cifar10", images[:cut], images[cut:], Images.of(test, "cifar10 test", tested))


def read_batch(body: bytes, name: str) -> Batch:
    """Images (n, 32, 32, 3) and classes (n,) of one of the authors' batches. DataError where it is none; it can run no
    code.
    """
    try:
        stored = _Unpickler(io.BytesIO(body), encoding="bytes").load()
        data, classes = np.asarray(stored[b"data"]), np.asarray(stored[b"labels"], np.int64)
        return np.ascontiguousarray(data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)), classes
    except Exception as error:
        raise DataError(f"{name}: not a batch of CIFAR-10 for Python ({error}); fetch it again") from error


class _Unpickler(pickle.Unpickler):
    """Builds arrays and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """What a name in the file stands for. UnpicklingError where it is not among `ALLOWED`."""
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return super().find_class(module, name)


def _joined(batches: Sequence[Batch]) -> Batch:
    images, classes = zip(*batches, strict=True)
    return np.concatenate(images), np.concatenate(classes)


def _from_folder(path: Path) -> Batch:
    """One batch."""
    if not path.is_file():
        raise DataError(f"{path} is missing; unpack {ARCHIVE} whole")
    return read_batch(path.read_bytes(), str(path))


def _from_archive(path: Path) -> tuple[Batch, Batch]:
    """All batches to train on, and the one to test on."""
    bodies: dict[str, bytes] = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                file = archive.extractfile(member)
                if file is not None:
                    bodies[Path(member.name).name] = file.read()
    except (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise DataError(f"{path}: cannot be read ({error}); fetch it again") from error
    missing = [name for names in PARTS for name in names if name not in bodies]
    if missing:
        raise DataError(f"{path}: {missing[0]} is missing; fetch it again")
    train, test = (_joined([read_batch(bodies[n], f"{path}: {n}") for n in names]) for names in PARTS)
    return train, test


def _from_sheets() -> list[tuple[NDArray[np.uint8], NDArray[np.integer] | None]]:
    """The sheets to train on and those to test on, with their classes where these are at hand."""
    train, test = (_sheets(pattern) for pattern in SHEETS)
    path = present(SHEET_LABELS)
    if path is None:
        return [(train, None), (test, None)]
    stored = read_arrays(path, "y_train", "y_test")
    return [(train, stored["y_train"][: len(train)]), (test, stored["y_test"][: len(test)])]


def _sheets(pattern: str) -> NDArray[np.uint8]:
    """(n, 32, 32, 3) of every sheet there is from number 0 on: 25 rows of 40 images, in order."""
    sheets: list[NDArray[np.uint8]] = []
    while not sheets or present(pattern.format(len(sheets))) is not None:
        sheet = read_image(locate(pattern.format(len(sheets))))
        tiles = sheet.reshape(25, 32, 40, 32, 3).transpose(0, 2, 1, 3, 4)
        sheets.append(tiles.reshape(1000, 32, 32, 3))
    return np.concatenate(sheets)
