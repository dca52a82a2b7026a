"""MNIST, also in two levels, and Fashion-MNIST: the IDX files of their authors, or the same arrays in one `.npz`."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grammar_rae.datasets.dataset import Dataset
from grammar_rae.datasets.image_sets import dataset
from grammar_rae.datasets.sources import locate, present
from grammar_rae.errors import DataError
from grammar_rae.files.arrays import read_arrays
from grammar_rae.files.images import Image, Images
from grammar_rae.memory import require
from grammar_rae.noise import VIEWING, Noise

VALID = 10_000  # the last of the 60,000 to train on
PARTS = ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte")
LABELS = ("train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte")
MNIST = "mnist/mnist.npz"
FASHION = "fashion_mnist/fashion_mnist.npz"
UNSIGNED = 8  # IDX's code of bytes


def mnist() -> Dataset[Image]:
    """MNIST: 60,000 handwritten digits, 28 x 28, the last 10,000 of them validate; 10,000 test.

    Labelled by the digit; IDX files of images without those of labels beside them have no labels. DataError where its
    files are not to be had, or cannot be read.
    """
    return dataset("mnist", *_parts("mnist", MNIST))


def mnist_binarised() -> Dataset[Image]:
    """MNIST in two levels, drawn once by a seed of ours, not the published file: white by intensity; split as mnist.

    The published static binarisation (Larochelle, Murray 2011) is another draw of the same distribution: likelihoods on
    the two are close, and not the same. A pixel is white where its intensity exceeds u, uniform in (0, 1): noise by the
    image's index in its file, under seed 0, for the test file 1. Labels and errors as `mnist`.
    """
    train, valid, test = _parts("mnist", MNIST)
    parts = (_drawn_once(train, 0), _drawn_once(valid, 0), _drawn_once(test, 1))
    return dataset("mnist_binarised", *parts)


def _drawn_once(images: Images, seed: int) -> Images:
    """Two-level images, each drawn when it is asked for, every time alike."""

    def drawn(i: int) -> Image:
        """Image i of the file, 0 and 255."""
        image = images.fetch(i)
        u = Noise.first(seed, 1, i).uniform(VIEWING, image.size).numpy().reshape(image.shape)
        return 255 * (image / 255 > u).astype(np.uint8)

    return Images(drawn, images.names, images.indices, images.classes)


def fashion_mnist() -> Dataset[Image]:
    """Fashion-MNIST: 60,000 pieces of clothing, 28 x 28, the last 10,000 of them validate; 10,000 test.

    Labelled by the kind of clothing, 0 to 9 in the authors' order; otherwise as `mnist`.
    """
    return dataset("fashion_mnist", *_parts("fashion_mnist", FASHION))


def read_idx(path: str | Path) -> NDArray[np.uint8]:
    """The array of bytes of an IDX file, `.gz` or not. DataError where it is none, or cut off."""
    try:
        with gzip.open(path) if str(path).endswith(".gz") else open(path, "rb") as stream:
            head = stream.read(4)
            if len(head) < 4 or head[:3] != bytes([0, 0, UNSIGNED]):
                raise DataError(
                    f"{path}: begins with {head.hex() or 'nothing'}; expected an IDX file of bytes"
                )
            shape = struct.unpack(f">{head[3]}I", stream.read(4 * head[3]).ljust(4 * head[3], b"\0"))
            require(math.prod(shape), str(path))
            content = stream.read(math.prod(shape) + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error}); fetch it again") from error
    if len(content) != math.prod(shape):
        raise DataError(f"{path}: {len(content):,} bytes for shape {shape}; it is not whole, fetch it again")
    return np.frombuffer(content, np.uint8).reshape(shape)


def _parts(name: str, compact: str) -> tuple[Images, Images, Images]:
    """Training, validation and test images from the data folder's `name`: IDX files, packed or not, else the `.npz`."""
    train, test = (_idx(name, part) for part in PARTS)
    if train is not None and test is not None:
        digits, tested = (_idx(name, part) for part in LABELS)
    elif present(compact) is None and name == "fashion_mnist":
        train, test, digits, tested = (read_idx(locate(f"{name}/{part}.gz")) for part in (*PARTS, *LABELS))
    else:
        stored: dict[str, Any] = read_arrays(locate(compact), "x_train", "x_test", "y_train", "y_test")
        train, test, digits, tested = stored.values()
    images = Images.of(train, f"{name} train", digits)
    cut = len(images) - min(VALID, len(images) // 6)
    return images[:cut], images[cut:], Images.of(test, f"{name} test", tested)


def _idx(name: str, part: str) -> NDArray[np.uint8] | None:
    """The array of an IDX file in the data folder's `name`, packed or not; None where it is not there."""
    path = present(f"{name}/{part}", f"{name}/{part}.gz")
    return None if path is None else read_idx(path)
