"""Caltech-101 silhouettes: the published `.mat` file, which a user puts in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from grammar_rae.datasets.dataset import Dataset
from grammar_rae.datasets.image_sets import dataset
from grammar_rae.datasets.sources import present
from grammar_rae.errors import DataError
from grammar_rae.files.images import Image, Images

NAME = "caltech101_silhouettes_28_split1.mat"
PAGE = "https://people.cs.umass.edu/~marlin/data.shtml"
SIZE = 28


def caltech101_silhouettes() -> Dataset[Image]:
    """Caltech-101 silhouettes: outlines of 101 kinds of objects, 28 x 28, two-level, in the published split.

    Labelled by the kind, 0 to 100, where the file says it. The file's ones are white, its zeros black. DataError where
    the file is not at hand, with the page that has it, or cannot be read.
    """
    from scipy.io import loadmat

    path = present(f"caltech101_silhouettes/{NAME}", NAME)
    if path is None:
        raise DataError(
            f"caltech101_silhouettes/{NAME} is not here; fetch it from {PAGE}, put it at "
            f"caltech101_silhouettes/{NAME} in a folder and set GRAMMAR_RAE_DATA to that folder"
        )
    try:
        stored = loadmat(path)
    except Exception as error:  # of many kinds, by what is wrong with the file
        raise DataError(f"{path}: cannot be read ({error}); fetch it again") from error
    train, valid, test = (_part(stored, part, f"{path}: {part}_data") for part in ("train", "val", "test"))
    return dataset("caltech101_silhouettes", train, valid, test)


def _part(stored: dict[str, Any], part: str, where: str) -> Images:
    """Images of the rows of one part, whose pixels stand column by column."""
    rows = np.asarray(stored.get(f"{part}_data"))
    if rows.ndim != 2 or rows.shape[1] != SIZE**2 or not np.isin(rows, (0, 1)).all():
        raise DataError(f"{where} has shape {rows.shape}; expected (n, {SIZE**2}) of zeros and ones")
    images = 255 * rows.astype(np.uint8).reshape(-1, SIZE, SIZE).transpose(0, 2, 1)
    kinds = stored.get(f"{part}_labels")
    classes = None if kinds is None else np.asarray(kinds).astype(np.int64).ravel() - 1
    return Images.of(images, f"caltech101_silhouettes {part}", classes)
