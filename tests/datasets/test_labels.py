"""Labels of images stand with their images: through formats, splits and limits."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat

from grammar_rae import datasets
from grammar_rae.datasets import cifar10, mnist, omniglot, sources
from grammar_rae.datasets.dataset import Dataset
from grammar_rae.errors import DataError
from grammar_rae.files.images import Images

RANDOM = np.random.default_rng(0)
CLASSES = RANDOM.integers(0, 10, 60).astype(np.uint8)
GREY = np.broadcast_to(CLASSES[:, None, None], (60, 28, 28)).copy()  # an image shows its class
COLOUR = np.broadcast_to(CLASSES[:, None, None, None], (60, 32, 32, 3)).copy()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRAMMAR_RAE_DATA", str(tmp_path))
    monkeypatch.setattr("grammar_rae.files.cache.folder", lambda: tmp_path / "cache")
    return tmp_path


def stand(found: Dataset) -> None:
    """Every image of `GREY` or `COLOUR` shows its label."""
    assert set(found.labels) == {"train", "valid", "test"}
    for part, images in (("train", found.train), ("valid", found.valid), ("test", found.test)):
        assert found.labels[part].tolist() == [int(image.max()) for image in images]
        assert np.issubdtype(found.labels[part].dtype, np.integer) and len(images)
        assert images[1:4].labels.tolist() == found.labels[part][1:4].tolist()


def write_idx(path: Path, array: NDArray[np.uint8]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(
        bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    )


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_labels_of_idx_files(data: Path, name: str) -> None:
    for part, count in zip(mnist.PARTS, (60, 5), strict=True):
        write_idx(data / name / part, GREY[:count])
    assert datasets.load(name).labels == {}
    for part, count in zip(mnist.LABELS, (60, 5), strict=True):
        write_idx(data / name / part, CLASSES[:count])
    stand(datasets.load(name))
    write_idx(data / name / mnist.LABELS[0], CLASSES[:-1])
    with pytest.raises(DataError, match=r"labels of shape \(59,\) for 60 images"):
        datasets.load(name)


def test_labels_of_house_numbers_call_ten_zero(data: Path) -> None:
    (data / "svhn").mkdir()
    for name, part in (("train", slice(0, 50)), ("test", slice(50, 60))):
        y = np.where(CLASSES[part] == 0, 10, CLASSES[part])[:, None]
        savemat(data / "svhn" / f"{name}_32x32.mat", {"X": COLOUR[part].transpose(1, 2, 3, 0), "y": y})
    stand(datasets.load("svhn"))


def test_labels_of_cifar_batches(data: Path) -> None:
    (data / cifar10.FOLDER).mkdir()
    for i, name in enumerate([name for names in cifar10.PARTS for name in names]):
        part = slice(10 * i, 10 * i + 10)
        rows = COLOUR[part].transpose(0, 3, 1, 2).reshape(10, -1)
        body = pickle.dumps({b"data": rows, b"labels": CLASSES[part].tolist()}, protocol=2)
        (data / cifar10.FOLDER / name).write_bytes(body)
    stand(datasets.load("cifar10"))


def test_labels_of_omniglot_are_alphabets_of_both_parts(data: Path) -> None:
    order = ["Anglo", "Greek", "Latin", "N_Ko"]
    for part, alphabets in (
        ("images_background", ("Greek", "N_Ko")),
        ("images_evaluation", ("Anglo", "Latin")),
    ):
        for alphabet in alphabets:
            folder = data / "omniglot" / part / alphabet / "character01"
            folder.mkdir(parents=True)
            for i in range(20):
                page = np.full((105, 105), 255 - order.index(alphabet), np.uint8)
                Image.fromarray(page).save(folder / f"{i:02}.png")
    stand(datasets.load("omniglot"))


def nearest(found: Dataset, train: int, test: int) -> float:
    """The share of test images whose nearest training image has their label."""
    x, y = (part.array().reshape(len(part), -1) / 255.0 for part in (found.train[:train], found.test[:test]))
    near = ((x**2).sum(1) - 2 * y @ x.T).argmin(1)
    return float((found.labels["train"][:train][near] == found.labels["test"][:test]).mean())


def test_digits_look_like_their_labels() -> None:
    assert nearest(datasets.load("digits"), 1200, 300) > 0.95


@pytest.mark.parametrize(
    ("name", "file", "share"),
    [("mnist", mnist.MNIST, 0.9), ("fashion_mnist", mnist.FASHION, 0.75), ("omniglot", omniglot.FILE, None)],
)
def test_published_images_look_like_their_labels(name: str, file: str, share: float | None) -> None:
    if sources.present(file) is None:
        pytest.skip(f"{name} is not here")
    found = datasets.load(name)
    if share is None:
        train, valid, test = (set(found.labels[part].tolist()) for part in ("train", "valid", "test"))
        assert train == valid and len(train) == 30 and len(test) == 20 and not train & test
    else:
        assert (
            nearest(found, 5000, 300) > share
            and nearest(
                Dataset(
                    name,
                    found.valid,
                    [],
                    found.test,
                    "images",
                    labels={"train": found.labels["valid"], "test": found.labels["test"]},
                ),
                5000,
                300,
            )
            > share
        )


def test_strings_and_a_users_images_have_no_labels(tmp_path: Path) -> None:
    np.save(tmp_path / "own.npy", GREY)
    assert datasets.load(tmp_path / "own.npy").labels == datasets.load(["CCO", "CC"]).labels == {}
    assert Images.of(GREY).labels is None
