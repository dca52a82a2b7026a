"""Handwritten digits that come with scikit-learn: no download."""

from __future__ import annotations

import numpy as np

from grammar_rae.datasets.dataset import Dataset
from grammar_rae.datasets.image_sets import dataset, split
from grammar_rae.files.images import Image, Images

SIZE = 32


def digits() -> Dataset[Image]:
    """1,797 handwritten digits (in scikit-learn), 8 x 8 resized to 32 x 32; 10 % validate, 20 % test. No download."""
    from PIL import Image as Pillow
    from sklearn.datasets import load_digits

    stored = load_digits()
    small = (stored.images * (255 / 16)).round().astype(np.uint8)
    large = [Pillow.fromarray(image).resize((SIZE, SIZE), Pillow.Resampling.BICUBIC) for image in small]
    array = np.stack([np.asarray(image) for image in large])
    return dataset("digits", *split(Images.of(array, "digits", stored.target), test=0.2))
