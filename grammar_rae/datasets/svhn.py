"""SVHN, cropped house numbers: the authors' `.mat` files."""

from __future__ import annotations

import numpy as np

from grammar_rae.datasets.dataset import Dataset
from grammar_rae.datasets.image_sets import dataset, split
from grammar_rae.datasets.sources import present
from grammar_rae.errors import DataError
from grammar_rae.files.images import Image, Images

NAMES = ("train_32x32.mat", "test_32x32.mat")
PAGE = "http://ufldl.stanford.edu/housenumbers"


def svhn() -> Dataset[Image]:
    """SVHN: 73,257 house-number digits in colour, 32 x 32, a tenth of them validates; 26,032 test.

    Labelled by the digit, which the files call 10 where it is 0. DataError where the files are not at hand, with the
    page that has them, or cannot be read.
    """
    images, tests = (_read(name) for name in NAMES)
    train, valid, _ = split(images)
    return dataset("svhn", train, valid, tests)


def _read(name: str) -> Images:
    """Of the arrays `X` (32, 32, 3, n) and `y` (n, 1)."""
    from scipy.io import loadmat

    path = present(f"svhn/{name}", name)
    if path is None:
        raise DataError(
            f"svhn/{name} is not here; fetch it from {PAGE}, put it at svhn/{name} in a folder and set "
            "GRAMMAR_RAE_DATA to that folder"
        )
    try:
        stored = loadmat(path)
        images, digits = stored["X"], stored["y"].astype(np.int64).ravel() % 10
    except Exception as error:  # of many kinds, by what is wrong with the file
        raise DataError(f"{path}: cannot be read ({error}); fetch it again") from error
    if images.ndim != 4 or images.shape[:3] != (32, 32, 3):
        raise DataError(f"{path}: X has shape {images.shape}; expected (32, 32, 3, n)")
    return Images.of(np.ascontiguousarray(images.transpose(3, 0, 1, 2)), f"svhn {name}", digits)
