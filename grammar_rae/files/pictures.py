"""Images written: PNG, a grid of tiles, a folder or an archive."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grammar_rae.errors import DataError
from grammar_rae.files.atomic import scratch_folder, write_bytes
from grammar_rae.files.claims import occupied

Images = NDArray[np.uint8]


GAP, GREY = 2, 128  # pixels between images, and their level


def sheet(images: Images, columns: int) -> Images:
    """One image (H', W', C) of images (n, H, W, C), `columns` in a row, the last row filled up with grey."""
    n, height, width, channels = images.shape
    columns = min(columns, n)
    rows = -(-n // columns)
    size = (rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, channels)
    tiles = np.full(size, GREY, dtype=np.uint8)
    for i, image in enumerate(images):
        top, left = GAP + (i // columns) * (height + GAP), GAP + (i % columns) * (width + GAP)
        tiles[top : top + height, left : left + width] = image
    return tiles


def padded(images: Sequence[Images]) -> Images:
    """(n, H, W, C) of images (h, w) or (h, w, c) of any sizes, smaller ones in the corner of grey."""
    planes = [image if image.ndim == 3 else image[..., None] for image in images]
    filled = np.full((len(planes), *np.max([image.shape for image in planes], axis=0)), GREY, np.uint8)
    for place, image in zip(filled, planes, strict=True):
        place[: image.shape[0], : image.shape[1]] = image
    return filled


def check_name(path: str | Path) -> None:
    """DataError for a picture's file whose name says that it is of another format than PNG."""
    if Path(path).suffix.lower() not in ("", ".png"):
        raise DataError(f"{path}: pictures are written as PNG; expected a name that ends in .png")


def png(image: Images) -> bytes:
    """An image (H, W, 1 or 3) as a PNG file."""
    from PIL import Image

    body = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(body, "PNG")
    return body.getvalue()


def write_sheet(images: Images, path: str | Path, columns: int = 10, rows: int = 10) -> int:
    """Write the first `columns` * `rows` images as one PNG; how many they are. DataError as `write_bytes`."""
    first = images[: columns * rows]
    write_bytes(path, png(sheet(first, columns)))
    return len(first)


def write_images(images: Images, path: str | Path) -> None:
    """An array `images` in an `.npz`, or else a folder of numbered PNG files, which take the place of others of their
    names when all are written; a warning where more pictures are there. DataError where it cannot be.
    """
    place = Path(path)
    if place.suffix == ".npz":
        body = io.BytesIO()
        np.savez_compressed(body, images=images)
        write_bytes(place, body.getvalue())
        return
    names = [f"{i:0{len(str(len(images) - 1))}}.png" for i in range(len(images))]
    with occupied(place), scratch_folder(place / "pictures") as fresh:
        for name, image in zip(names, images, strict=True):
            write_bytes(fresh / name, png(image))
        for name in names:
            (fresh / name).replace(place / name)
        more = len(list(place.glob("*.png"))) - len(names)
    if more:
        warnings.warn(f"{place}: {more:,} more pictures are there than were written now", stacklevel=2)
