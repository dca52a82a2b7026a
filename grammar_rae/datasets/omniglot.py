"""Omniglot: characters of fifty alphabets, the authors' folders or one `.npz`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grammar_rae.datasets.images import Images, dataset, files, split
from grammar_rae.datasets.sources import arrays, locate, present
from grammar_rae.datasets.splits import Dataset
from grammar_rae.errors import DataError

FILE = "omniglot/omniglot28.npz"
FOLDERS = ("images_background", "images_evaluation")
SIZE = 28


def omniglot() -> Dataset:
    """Omniglot: characters of 30 alphabets, 28 x 28, a tenth of them validates; those of 20 other alphabets test.

    Strokes are white on black; the folders' drawings are black on white, 105 x 105, and are turned and resized.
    """
    background, evaluation = (present(f"omniglot/{name}") for name in FOLDERS)
    if background is not None and evaluation is not None:
        known, test = _drawings(background), _drawings(evaluation)
    else:
        stored = arrays(locate(FILE), "images", "is_evaluation")
        images, held_out = Images.of(stored["images"], "omniglot"), stored["is_evaluation"]
        known, test = images.picked(np.flatnonzero(~held_out)), images.picked(np.flatnonzero(held_out))
    train, valid, _ = split(known)
    return dataset("omniglot", train, valid, test)


def _drawings(folder: Path) -> Images:
    paths = sorted(folder.rglob("*.png"))
    if not paths:
        raise DataError(f"{folder}: no .png in it; expected the drawings by alphabet and character")
    found = files(paths, size=SIZE)

    def turned(i: int) -> NDArray[np.uint8]:
        return 255 - found[i]

    return Images(turned, found.names, range(len(paths)))
