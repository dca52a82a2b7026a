"""Sequences of images, uint8 at rest: in memory, or files that are opened when asked for.

An item is an array (H, W) or (H, W, 3).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, overload

import numpy as np
from numpy.typing import NDArray

from grammar_rae.errors import DataError, excerpt, one_line, shown_name
from grammar_rae.files.arrays import read_array

Image = NDArray[np.uint8]  # (H, W) or (H, W, 1 or 3)
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm")
ARRAYS = (".npz", ".npy")
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM")
MOST = 2**26  # pixels of an image file


class Images(Sequence[Image]):
    """The images that `fetch` gives of `indices`; `names[index]` says where one came from, `classes[index]`, where it
    is known, what it shows.
    """

    def __init__(
        self,
        fetch: Callable[[int], Image],
        names: Sequence[str],
        indices: Iterable[int],
        classes: NDArray[np.integer] | None = None,
    ) -> None:
        self.fetch = fetch
        self.names = names
        self.indices = list(indices)
        self.classes = classes

    @classmethod
    def of(
        cls, array: NDArray[np.generic], name: str = "image", classes: NDArray[np.integer] | None = None
    ) -> Images:
        """Of an array (n, H, W) or (n, H, W, 1 or 3) uint8, and the class (n,) of each, where it is known.

        DataError where the array is something else, or the classes are of another number of images.
        """
        wrong = array_problem(array.dtype, array.shape)
        if wrong:
            raise DataError(f"{name}: {wrong}")
        if classes is not None and classes.shape != (len(array),):
            raise DataError(
                f"{name}: labels of shape {classes.shape} for {len(array):,} images; fetch it again"
            )
        names = [f"{name} {i}" for i in range(len(array))]
        return cls(array.__getitem__, names, range(len(array)), classes)

    def __len__(self) -> int:
        return len(self.indices)

    @overload
    def __getitem__(self, i: int) -> Image: ...

    @overload
    def __getitem__(self, i: slice) -> Images: ...

    def __getitem__(self, i: int | slice) -> Image | Images:
        if isinstance(i, slice):
            return self.select(range(len(self))[i])
        return self.fetch(self.indices[i])

    def select(self, places: Iterable[int]) -> Images:
        """The images at those places of this sequence; none is opened."""
        return Images(self.fetch, self.names, [self.indices[i] for i in places], self.classes)

    def name(self, i: int) -> str:
        """Where image i came from."""
        return self.names[self.indices[i]]

    @property
    def labels(self) -> NDArray[np.integer] | None:
        """(n,) the class of each image; None where it is not known."""
        return None if self.classes is None else self.classes[self.indices]

    def array(self) -> Image:
        """All of them, (n, H, W) or (n, H, W, 3). ValueError where their shapes differ."""
        return np.stack([self[i] for i in range(len(self))])


def of_images(path: str | Path) -> bool:
    """Whether there is a file of images or arrays of that name, by its suffix, or a folder with an image in it."""
    if os.path.isdir(path):
        return any(_within(Path(path)))
    return os.path.exists(path) and is_name(path)


def is_name(path: str | Path) -> bool:
    """Whether a name ends as those of files of images or arrays do."""
    return Path(path).suffix.lower() in (*ARRAYS, *SUFFIXES)


def is_image(item: object) -> bool:
    """Whether an object is one image (H, W), not a sequence of them."""
    return isinstance(item, np.ndarray) and item.ndim == 2


def are_images(items: Any) -> bool:
    """Whether images are meant: an array of them or one, files, or a sequence that holds arrays."""
    if isinstance(items, Images) or _is_picture(items):
        return True
    flat = isinstance(items, np.ndarray) and not items.ndim
    return not flat and any(map(_is_picture, items))


def _is_picture(item: object) -> bool:
    """Whether an object is an array of several dimensions, of anything but strings."""
    return isinstance(item, np.ndarray) and item.ndim > 1 and item.dtype.kind not in "OSU"


def array_problem(dtype: np.dtype[Any], shape: tuple[int, ...]) -> str:
    """Why an array holds no images, "" where it does: uint8, (n, H, W) or (n, H, W, 1 or 3), none of it empty."""
    if dtype == np.uint8 and len(shape) in (3, 4) and shape[3:] in ((), (1,), (3,)) and 0 not in shape[1:]:
        return ""
    return f"{dtype} of shape {excerpt(str(shape))[0]}; expected images: uint8, (n, H, W) or (n, H, W, 3)"


def read_image(
    path: Path | IO[bytes],
    crop: Callable[[int], int] | None = None,
    size: int | None = None,
    name: str | None = None,
) -> Image:
    """The pixels of an image file, (H, W) where it is grey, else (H, W, 3).

    With `crop` its middle square of crop(width) pixels a side, with `size` resized to that many a side; `name` stands
    in messages. DataError where it cannot be read, or declares more pixels than MOST.
    """
    from PIL import Image as Pillow

    try:
        with warnings.catch_warnings(action="ignore"), Pillow.open(path, formats=FORMATS) as file:
            if file.width * file.height > MOST:
                raise DataError(
                    f"it declares {file.width:,} x {file.height:,} pixels; {MOST:,} at most are read"
                )
            if file.mode.startswith("I;16"):
                image = Pillow.fromarray((np.asarray(file) >> 8).astype(np.uint8))
            else:
                image = file.convert("L" if file.mode in ("1", "L", "LA") else "RGB")
    except Exception as error:  # of many kinds, by what is wrong with the file
        words = "not an image" if isinstance(error, Pillow.UnidentifiedImageError) else one_line(error)
        shown = shown_name(name or path)
        raise DataError(f"{shown}: cannot be read ({words}); fetch it again or take it out") from error
    if crop is not None:
        side = crop(image.width)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    if size is not None:
        image = image.resize((size, size), Pillow.Resampling.LANCZOS)
    return np.asarray(image)


def lazily(
    paths: Sequence[Path], crop: Callable[[int], int] | None = None, size: int | None = None
) -> Images:
    """Image files, each opened by `read_image` when it is asked for; arguments and errors as there."""
    names = [str(path) for path in paths]
    return Images(lambda i: read_image(paths[i], crop, size), names, range(len(paths)))


def _within(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())


def read(path: str | Path) -> Images:
    """Images of a folder (and the folders in it), of an `.npz` or `.npy`, or one image file.

    An `.npz` holds an array called `images`, or one array alone. DataError: nothing there, no image in it, an array
    of something else.
    """
    place = Path(path)
    if os.path.isdir(place):
        paths = sorted(_within(place))
        if not paths:
            raise DataError(f"{path}: no image in this folder; expected {', '.join(SUFFIXES[:4])} files")
        return lazily(paths)
    if place.suffix.lower() in ARRAYS:
        images = Images.of(read_array(place, "images", array_problem), place.name)
        if not len(images):
            raise DataError(f"{path}: an array of no images; expected one or more")
        return images
    if not os.path.isfile(place):
        raise DataError(f"{shown_name(path)}: no such file or folder; expected images")
    return lazily([place])
