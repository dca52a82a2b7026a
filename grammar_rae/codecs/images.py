"""Images of one size as arrays of intensities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from grammar_rae.codecs.codec import Auto, Rejected, Rows, grey, image_problem
from grammar_rae.errors import DataError
from grammar_rae.files.images import Image
from grammar_rae.grammar.grammar import Grammar


class ImageCodec:
    """8-bit images of any size ⇄ x (n, C, S, S) uint8, `size` pixels a side, 1 or 3 `channels`.

    An image that fits is centred on black (28 x 28 in 32 x 32: two pixels all round, as in the RAE paper);
    a larger one is cut to its middle square and resized, antialiased. Grey and colour become each other.
    """

    word = "image"
    symbols = 256

    def __init__(self, size: int, channels: int) -> None:
        self.size = size
        self.channels = channels

    @classmethod
    def of(
        cls,
        grammar: Grammar | None,
        items: Sequence[Image],
        least: int,
        *,
        size: Literal[28, 32, 64] = 32,
        channels: Literal[1, 3] | Auto = "auto",
    ) -> ImageCodec:
        """That of a recipe; `channels` auto: 1 where all of the items seem grey, else 3."""
        if channels == "auto":
            channels = 1 if grey(items) else 3
        return cls(size, channels)

    @property
    def settings(self) -> dict[str, int | str]:
        """By the keys of a recipe."""
        return {"size": self.size, "channels": self.channels}

    @property
    def sizes(self) -> dict[str, object]:
        """`size` and `channels`."""
        return {**self.settings}

    def encode(self, items: Sequence[Image]) -> NDArray[np.uint8]:
        """(n, C, S, S) of arrays (H, W) or (H, W, 1 or 3) uint8. DataError names the first that is something else."""
        x, _, rejected = self.encode_known(items)
        if rejected:
            raise rejected[0][1]
        return x

    def encode_known(self, items: Sequence[Image]) -> tuple[NDArray[np.uint8], NDArray[np.int64], Rejected]:
        """(m, C, S, S) of the images that can be read, their indices (m,), and the others with reasons."""
        rejected: list[tuple[int, ValueError]] = []
        known, rows = [], []
        for i in range(len(items)):
            try:
                rows.append(self._fitted(np.asarray(items[i])))
                known.append(i)
            except DataError as error:  # its file, or its shape
                rejected.append((i, DataError(f"item {i}: {error}")))
        x = np.stack(rows) if rows else np.zeros((0, self.channels, self.size, self.size), np.uint8)
        return x, np.array(known, np.int64), rejected

    def decode(self, x: Rows) -> NDArray[np.uint8]:
        """(n, S, S, C) uint8."""
        return np.ascontiguousarray(np.asarray(x, np.uint8).transpose(0, 2, 3, 1))

    def _fitted(self, image: Image) -> NDArray[np.uint8]:
        """(C, S, S)."""
        problem = image_problem(image)
        if problem:
            raise DataError(problem)
        planes = image[..., None] if image.ndim == 2 else image
        if max(planes.shape[:2]) > self.size:
            planes = self._resized(planes)
        if planes.shape[2] == 3 and self.channels == 1:
            planes = (planes @ np.array([0.299, 0.587, 0.114])).round().astype(np.uint8)[..., None]
        top, left = ((self.size - side) // 2 for side in planes.shape[:2])
        x = np.zeros((self.channels, self.size, self.size), np.uint8)
        x[:, top : top + planes.shape[0], left : left + planes.shape[1]] = planes.transpose(2, 0, 1)
        return x

    def _resized(self, image: Image) -> NDArray[np.uint8]:
        """The middle square, (S, S, planes)."""
        from PIL import Image as Pillow

        side = min(image.shape[:2])
        top, left = ((length - side) // 2 for length in image.shape[:2])
        square = image[top : top + side, left : left + side]
        planes = [
            np.asarray(Pillow.fromarray(plane).resize((self.size, self.size), Pillow.Resampling.LANCZOS))
            for plane in np.moveaxis(square, 2, 0)
        ]
        return np.stack(planes, 2)
