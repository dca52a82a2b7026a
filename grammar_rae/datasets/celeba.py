"""CelebA: the folder of aligned faces as it is distributed, or a packed subset at half size."""

from __future__ import annotations

import io
import lzma
import tarfile
import zlib
from pathlib import Path

import numpy as np

from grammar_rae.datasets.dataset import Dataset
from grammar_rae.datasets.image_sets import dataset
from grammar_rae.datasets.sources import locate, present
from grammar_rae.errors import DataError
from grammar_rae.files.images import Image, Images, lazily, read_image

PACKED = "celeba/celeba_10k_89x109_jpeg.tar.xz"
FOLDERS = ("celeba/img_align_celeba", "img_align_celeba")
SIZE = 64
BOUNDS = (162_770, 182_637)  # the last training face and the last validating one of the official partition


def celeba() -> Dataset[Image]:
    """CelebA: 202,599 faces in colour, middle 140 x 140 of 178 x 218 resized to 64 x 64, official partition.

    Of the packed subset, 10,000 faces that the official partition trains on, the last 1,000 test and the
    1,000 before validate. DataError where neither is to be had, or cannot be read.
    """
    folder = present(*FOLDERS)
    if folder is None:
        images = _packed(locate(PACKED))
        return dataset("celeba", images[:-2000], images[-2000:-1000], images[-1000:])
    paths = sorted(folder.glob("*.jpg"))
    if not paths:
        raise DataError(f"{folder}: no .jpg in it; expected the aligned faces 000001.jpg to 202599.jpg")
    images = lazily(paths, crop, SIZE)
    numbers = [int(path.stem) if path.stem.isdigit() else 0 for path in paths]
    train = [i for i, number in enumerate(numbers) if number <= BOUNDS[0]]
    valid = [i for i, number in enumerate(numbers) if BOUNDS[0] < number <= BOUNDS[1]]
    test = [i for i, number in enumerate(numbers) if number > BOUNDS[1]]
    return dataset("celeba", *(images.select(part) for part in (train, valid, test)))


def crop(width: int) -> int:
    """The side of the usual middle square: 140 of 178."""
    return round(width * 140 / 178)


def _packed(path: Path) -> Images:
    """The faces of the archive, by name."""
    faces: dict[str, np.ndarray] = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                file = archive.extractfile(member)
                if file is not None and member.name.endswith(".jpg"):
                    faces[member.name] = read_image(io.BytesIO(file.read()), crop, SIZE, member.name)
    except (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise DataError(f"{path}: cannot be read ({error}); fetch it again") from error
    return Images.of(np.stack([faces[name] for name in sorted(faces)]), "celeba")
