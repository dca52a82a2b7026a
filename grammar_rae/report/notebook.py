"""Molecules or images as the value of a notebook's cell."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from grammar_rae.chemistry.drawing import grid_png
from grammar_rae.codecs.codec import image_problem
from grammar_rae.errors import DataError
from grammar_rae.files import given
from grammar_rae.files.images import are_images, is_image
from grammar_rae.files.pictures import padded, png, sheet
from grammar_rae.limits.ranges import within

COLOURS = 32  # of the picture: a third of the bytes, which the notebook's file carries


@dataclass(frozen=True, repr=False)
class Picture:
    """A PNG that notebooks show as the value of a cell."""

    png: bytes

    def _repr_png_(self) -> bytes:
        return self.png


def grid(
    items: Sequence[Any], columns: int = 5, rows: int = 4, legends: Sequence[str] | None = None
) -> Picture:
    """The first `columns * rows` valid molecules, or images, as the picture of a notebook's cell.

    `legends`: one a molecule. DataError where none is a molecule or an image, and for legends of images.
    """
    within(columns=columns, rows=rows)
    if are_images(items):
        return _images(items, columns, rows, legends)
    smiles = given.filled(items)
    body, drawn = grid_png(smiles, columns, rows, legends)
    if not drawn:
        raise DataError(f"no picture, none of the {len(smiles):,} strings is a molecule")
    small = io.BytesIO()
    Image.open(io.BytesIO(body)).convert("RGB").quantize(COLOURS).save(small, "PNG", optimize=True)
    return Picture(small.getvalue())


def _images(items: Sequence[Any], columns: int, rows: int, legends: Sequence[str] | None) -> Picture:
    """Side by side, those that are none left out."""
    if legends is not None:
        raise DataError("legends are of molecules; images are drawn without")
    images = [
        np.asarray(item) for item in ([items] if is_image(items) else items) if isinstance(item, np.ndarray)
    ]
    drawn = [image for image in images if not image_problem(image)][: columns * rows]
    if not drawn:
        wrong = image_problem(images[0]) if images else "an empty array"
        raise DataError(f"no picture, none of the {len(items):,} items is an image; the first: {wrong}")
    return Picture(png(sheet(padded(drawn), columns)))
