"""Frey faces: frames of a video of one face, in one `.npz`."""

from __future__ import annotations

import numpy as np

from grammar_rae.datasets.dataset import Dataset
from grammar_rae.datasets.image_sets import dataset
from grammar_rae.datasets.sources import locate
from grammar_rae.files.arrays import read_arrays
from grammar_rae.files.images import Image, Images

FILE = "freyfaces/freyfaces.npz"
STRETCHES = 4  # of the video, each with frames of all three parts
HELD_OUT = 50  # frames of a stretch that validate, and as many that test
GAP = 20  # frames left out between two parts


def freyfaces() -> Dataset[Image]:
    """Frey faces: 1,965 frames of a video, 28 x 20; 200 validate, 200 test, in runs apart from the training frames.

    Neighbouring frames are nearly alike, so that a random choice would test on what was trained on. Each quarter of the
    video trains, then validates, then tests, and 20 frames between two parts belong to none. DataError where the file
    is not to be had, or cannot be read.
    """
    images = Images.of(read_arrays(locate(FILE), "images")["images"], "freyfaces")
    parts: tuple[list[int], list[int], list[int]] = ([], [], [])
    for stretch in np.array_split(np.arange(len(images)), STRETCHES):
        end = len(stretch) - GAP
        test = end - HELD_OUT
        valid = test - GAP - HELD_OUT
        bounds = ((0, valid - GAP), (valid, valid + HELD_OUT), (test, end))
        for part, (first, last) in zip(parts, bounds, strict=True):
            part += stretch[first:last].tolist()
    train, validation, testing = (images.select(part) for part in parts)
    return dataset("freyfaces", train, validation, testing)
