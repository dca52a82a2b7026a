"""Frey faces, silhouettes and the fixed binarisation of MNIST."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from grammar_rae import datasets, recipes
from grammar_rae.codecs.images import ImageCodec
from grammar_rae.datasets import freyfaces, mnist, silhouettes, sources
from grammar_rae.errors import DataError, RecipeError
from grammar_rae.recipes.build import make_autoencoder, make_codec

RANDOM = np.random.default_rng(0)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRAMMAR_RAE_DATA", str(tmp_path))
    monkeypatch.setattr("grammar_rae.files.cache.folder", lambda: tmp_path / "cache")
    return tmp_path


def test_neighbouring_frames_of_the_video_stand_in_one_part() -> None:
    if sources.present(freyfaces.FILE) is None:
        pytest.skip("freyfaces is not here")
    found = datasets.load("freyfaces")
    train, valid, test = (np.array(part.indices) for part in (found.train, found.valid, found.test))
    assert (len(train), len(valid), len(test)) == (1325, 200, 200)
    for one, other in ((train, valid), (train, test), (valid, test)):
        assert np.abs(one[:, None] - other).min() > freyfaces.GAP
    assert found.train[0].shape == (28, 20) and found.labels == {}

    def distance(held_out: np.ndarray, trained: np.ndarray) -> float:
        """Mean over held-out frames of the distance to the nearest training frame."""
        x, y = (array.reshape(len(array), -1) / 255 for array in (held_out, trained))
        return float(np.sqrt(((x[:, None] - y) ** 2).sum(2).min(1)).mean())

    frames = np.concatenate([part.array() for part in (found.train, found.valid, found.test)])
    drawn = RANDOM.permutation(len(frames))
    by_chance = distance(frames[drawn[:100]], frames[drawn[100:]])
    assert distance(found.test.array()[:100], found.train.array()) > 1.1 * by_chance


def silhouette_file(folder: Path, **changes: object) -> np.ndarray:
    images = RANDOM.integers(0, 2, (30, 28, 28), np.uint8)
    rows = images.transpose(0, 2, 1).reshape(30, 784)  # column by column
    stored = {}
    for part, rows_of in (("train", slice(0, 18)), ("val", slice(18, 24)), ("test", slice(24, 30))):
        stored |= {f"{part}_data": rows[rows_of], f"{part}_labels": np.arange(1, 31)[rows_of, None]}
    (folder / "caltech101_silhouettes").mkdir(exist_ok=True)
    savemat(folder / "caltech101_silhouettes" / silhouettes.NAME, stored | changes)
    return images


def test_silhouettes_of_the_published_format(data: Path) -> None:
    images = silhouette_file(data)
    found = datasets.load("caltech101_silhouettes")
    read = np.concatenate([part.array() for part in (found.train, found.valid, found.test)])
    assert (read == 255 * images).all() and (len(found.valid), len(found.test)) == (6, 6)
    assert found.labels["valid"].tolist() == [18, 19, 20, 21, 22, 23]


def test_silhouettes_that_are_missing_or_something_else(data: Path) -> None:
    with pytest.raises(
        DataError, match="caltech101_silhouettes_28_split1.mat is not here; fetch it from https"
    ):
        datasets.load("caltech101_silhouettes")
    silhouette_file(data, val_data=np.full((6, 784), 7))
    with pytest.raises(
        DataError, match=r"val_data has shape \(6, 784\); expected \(n, 784\) of zeros and ones"
    ):
        datasets.load("caltech101_silhouettes")
    (data / "caltech101_silhouettes" / silhouettes.NAME).write_bytes(b"no")
    with pytest.raises(DataError, match="split1.mat: cannot be read"):
        datasets.load("caltech101_silhouettes")


def test_the_fixed_binarisation_is_of_the_intensities_and_always_the_same() -> None:
    if sources.present(mnist.MNIST) is None:
        pytest.skip("mnist is not here")
    grey, found = datasets.load("mnist"), datasets.load("mnist_binarised")
    for part, plain in ((found.train, grey.train), (found.valid, grey.valid), (found.test, grey.test)):
        assert len(part) == len(plain)
        image, levels = part[:300].array(), plain[:300].array() / 255
        assert set(np.unique(image)) == {0, 255} and np.array_equal(image, part[:300].array())
        assert image.mean() / 255 == pytest.approx(levels.mean(), abs=0.002)
        assert not image[levels == 0].any() and (image[levels == 1] == 255).all()
    assert found.labels["test"].tolist() == grey.labels["test"].tolist()
    assert not np.array_equal(found.train[0], found.test[0])


def test_images_of_28_pixels_keep_their_size_and_the_papers_networks_refuse_them() -> None:
    x = RANDOM.integers(0, 256, (3, 28, 28), np.uint8)
    assert (ImageCodec(28, 1).encode(x)[:, 0] == x).all()
    narrow = ImageCodec(28, 1).encode(x[:, :, :20])
    assert (narrow[:, 0, :, 4:24] == x[:, :, :20]).all() and narrow[:, 0, :, :4].max() == 0
    recipe = recipes.find("vae-mnist", ("codec.size=28", "codec.channels=1"))
    with pytest.raises(
        RecipeError, match="net image: these networks take images of 32 or 64 pixels a side, given 28"
    ):
        make_autoencoder(recipe, make_codec(recipe, None))
