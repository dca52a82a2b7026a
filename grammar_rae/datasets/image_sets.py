"""Data sets of images: their splits, and a user's own."""

from __future__ import annotations

from pathlib import Path

from grammar_rae.datasets.dataset import Dataset, permuted
from grammar_rae.errors import DataError
from grammar_rae.files.images import Image, Images, read


def split(images: Images, test: float = 0.0, valid: float = 0.1) -> tuple[Images, Images, Images]:
    """(training, validation, test) by `dataset.permuted`; the shares are of all images."""
    training, validation, testing = permuted(len(images), test, valid)
    return images.select(training), images.select(validation), images.select(testing)


def dataset(name: str, train: Images, valid: Images, test: Images) -> Dataset[Image]:
    """The three parts as a data set of images, with the labels of those that have them."""
    parts = {"train": train, "valid": valid, "test": test}
    labels = {part: images.labels for part, images in parts.items() if images.labels is not None}
    return Dataset(name, train, valid, test, "images", labels=labels)


def own(path: str | Path) -> Dataset[Image]:
    """A user's own images: 10 % validate, 10 % test. DataError as `files.images.read`, and for fewer than ten."""
    images = read(path)
    if len(images) < 10:
        raise DataError(f"{path}: {len(images)} images; expected ten or more, to train, validate and test on")
    return dataset(str(path), *split(images, test=0.1))
