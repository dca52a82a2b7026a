"""Omniglot: characters of fifty alphabets, the authors' folders or one `.npz`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grammar_rae.datasets.dataset import Dataset
from grammar_rae.datasets.image_sets import dataset, split
from grammar_rae.datasets.sources import locate, present
from grammar_rae.errors import DataError
from grammar_rae.files.arrays import read_arrays
from grammar_rae.files.images import Image, Images, lazily

FILE = "omniglot/omniglot28.npz"
FOLDERS = ("images_background", "images_evaluation")
SIZE = 28


def omniglot() -> Dataset[Image]:
    """Omniglot: characters of 30 alphabets, 28 x 28, a tenth of them validates; those of 20 other alphabets test.

    Strokes are white on black; the folders' drawings are black on white, 105 x 105, and are inverted and resized.
    Labelled by the alphabet, 0 to 49 in alphabetical order: there are 1,623 characters, of some twenty drawings each.
    DataError where neither folders nor file are to be had, or cannot be read.
    """
    background, evaluation = (present(f"omniglot/{name}") for name in FOLDERS)
    if background is not None and evaluation is not None:
        folders = [path for part in (background, evaluation) for path in part.iterdir() if path.is_dir()]
        alphabets = sorted(path.name for path in folders)
        train, test = _drawings(background, alphabets), _drawings(evaluation, alphabets)
    else:
        stored = read_arrays(locate(FILE), "images", "is_evaluation", "alphabet")
        images = Images.of(stored["images"], "omniglot", stored["alphabet"])
        tests = stored["is_evaluation"]
        train, test = images.select(np.flatnonzero(~tests)), images.select(np.flatnonzero(tests))
    train, valid, _ = split(train)
    return dataset("omniglot", train, valid, test)


def _drawings(folder: Path, alphabets: list[str]) -> Images:
    """White on black, each opened when it is asked for, of the alphabet whose folder it lies in."""
    paths = sorted(folder.glob("*/**/*.png"))
    if not paths:
        raise DataError(f"{folder}: no .png in it; expected the drawings by alphabet and character")
    drawings = lazily(paths, size=SIZE)

    def inverted(i: int) -> NDArray[np.uint8]:
        """Drawing number i, (28, 28), white on black."""
        return 255 - drawings[i]

    classes = np.array([alphabets.index(path.relative_to(folder).parts[0]) for path in paths])
    return Images(inverted, drawings.names, range(len(paths)), classes)
