"""Sequences of images, uint8 at rest: in memory, or files of a folder that are opened when asked for.

An item is an array (H, W) or (H, W, 3). A sequence can be sliced, and `picked` by index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from grammar_rae.datasets.splits import Dataset, permuted
from grammar_rae.errors import DataError

Image = NDArray[np.uint8]
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm")
ARRAYS = (".npz", ".npy")


class Images(Sequence[Any]):
    """Images number `chosen` of what `fetch` gives; `names` says where each came from."""

    def __init__(self, fetch: Callable[[int], Image], names: Sequence[str], chosen: Iterable[int]) -> None:
        self.fetch = fetch
        self.names = names
        self.chosen = list(chosen)

    @classmethod
    def of(cls, array: NDArray[Any], name: str = "image") -> Images:
        """An array (n, H, W) or (n, H, W, 1 or 3) uint8. DataError where it is something else."""
        if array.dtype != np.uint8 or array.ndim not in (3, 4) or array.shape[3:] not in ((), (1,), (3,)):
            raise DataError(
                f"{name}: {array.dtype} of shape {array.shape}; expected images: uint8, (n, H, W) or (n, H, W, 3)"
            )
        names = [f"{name} {i}" for i in range(len(array))]
        return cls(array.__getitem__, names, range(len(array)))

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return self.picked(range(len(self))[i])
        return self.fetch(self.chosen[i])

    def picked(self, places: Iterable[int]) -> Images:
        """The images at those places."""
        return Images(self.fetch, self.names, [self.chosen[i] for i in places])

    def name(self, i: int) -> str:
        """Where image i came from."""
        return self.names[self.chosen[i]]

    def array(self) -> Image:
        """All of them, where they have one shape."""
        return np.stack([self[i] for i in range(len(self))])


def opened(
    path: Path | IO[bytes],
    crop: Callable[[int], int] | None = None,
    size: int | None = None,
    name: str | None = None,
) -> Image:
    """The pixels of an image file, (H, W) where it is grey, else (H, W, 3). DataError where it cannot be read.

    With `crop` its middle square of crop(width) pixels, with `size` that resized. `name`: for messages.
    """
    from PIL import Image as Pillow

    try:
        with Pillow.open(path) as file:
            if file.mode.startswith("I;16"):
                picture = Pillow.fromarray((np.asarray(file) >> 8).astype(np.uint8))
            else:
                picture = file.convert("L" if file.mode in ("1", "L", "LA") else "RGB")
    except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError) as error:
        words = "not an image" if isinstance(error, Pillow.UnidentifiedImageError) else error
        raise DataError(f"{name or path}: cannot be read ({words}); fetch it again or take it out") from error
    if crop is not None:
        side = crop(picture.width)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        picture = picture.crop((left, top, left + side, top + side))
    if size is not None:
        picture = picture.resize((size, size), Pillow.Resampling.LANCZOS)
    return np.asarray(picture)


def files(paths: Sequence[Path], crop: Callable[[int], int] | None = None, size: int | None = None) -> Images:
    """Image files, each opened when it is asked for; arguments as `opened`."""
    return Images(lambda i: opened(paths[i], crop, size), [str(path) for path in paths], range(len(paths)))


def read(path: str | Path) -> Images:
    """Images of a folder (and the folders in it), of an `.npz` or `.npy`, or one image file.

    An `.npz` holds an array called `images`, or one array alone. DataError: nothing there, no image in it.
    """
    place = Path(path)
    if place.is_dir():
        paths = sorted(p for p in place.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        if not paths:
            raise DataError(f"{path}: no image in this folder; expected {', '.join(SUFFIXES[:4])} files")
        return files(paths)
    if place.suffix.lower() in ARRAYS:
        return Images.of(_array(place), place.name)
    if not place.is_file():
        raise DataError(f"{path}: no such file or folder; expected images")
    return files([place])


def split(images: Images, test: float = 0.0, valid: float = 0.1) -> tuple[Images, Images, Images]:
    """(training, validation, test) by `splits.permuted`."""
    first, second, third = permuted(len(images), test, valid)
    return images.picked(first), images.picked(second), images.picked(third)


def dataset(name: str, train: Images, valid: Images, test: Images) -> Dataset:
    return Dataset(name, train, valid, test, "images")


def own(path: str | Path) -> Dataset:
    """A user's own images: 10 % validate, 10 % test."""
    images = read(path)
    if len(images) < 10:
        raise DataError(f"{path}: {len(images)} images; expected ten or more, to train, validate and test on")
    return dataset(str(path), *split(images, test=0.1))


def _array(path: Path) -> NDArray[Any]:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            names = loaded.files
            if "images" not in names and len(names) != 1:
                raise DataError(f"{path}: expected an array «images»; there are {', '.join(names)}")
            array: NDArray[Any] = loaded["images" if "images" in names else names[0]]
            return array
    except DataError:
        raise
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise DataError(f"{path}: cannot be read ({error}); expected an array of images") from error
