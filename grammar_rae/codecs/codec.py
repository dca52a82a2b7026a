"""Items to integers and back: productions of a grammar, characters of an alphabet, bytes of images. No learning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from grammar_rae.errors import DataError
from grammar_rae.files.images import Image

Auto = Literal["auto"]
Rows = NDArray[np.integer]
Rejected = Sequence[tuple[int, ValueError]]
Item = TypeVar("Item", contravariant=True)
Items = TypeVar("Items", covariant=True)


class Codec(Protocol[Item, Items]):
    """Single items in, whole batches of them out."""

    word: str  # what one of its items is called, as by the medium of its task
    symbols: int  # integers from 0 in its rows

    def encode(self, items: Sequence[Item]) -> Rows:
        """(n, …); raises ParseError or DataError naming the item and the place in it."""
        ...

    def encode_known(self, items: Sequence[Item]) -> tuple[Rows, NDArray[np.int64], Rejected]:
        """(m, …) of the items that can be written, their indices (m,), and the others with reasons."""
        ...

    def decode(self, x: Rows) -> Items:
        """The items of x (n, …)."""
        ...

    @property
    def settings(self) -> dict[str, int | str]:
        """What `of` found to be right for its items, by the keys of a recipe."""
        ...

    @property
    def sizes(self) -> dict[str, object]:
        """What nets are made for, by the names that nets and decoders ask for it."""
        ...


class TextCodec(Codec[str, list[str | None]], Protocol):
    """Rows (n, T); `decode` gives None where a derivation is unfinished.

    Its sizes: `column` (symbols,) the output of a net that stands for each symbol, `columns` how many there are, `pad`
    the padding symbol's, and `steps`.
    """

    steps: int
    pad: int


def image_problem(image: NDArray[np.generic]) -> str:
    """Why an array is no image this package reads, "" where it is one."""
    if (
        image.dtype == np.uint8
        and image.size
        and image.ndim in (2, 3)
        and image.shape[2:] in ((), (1,), (3,))
    ):
        return ""
    return f"{image.dtype} of shape {image.shape}; expected an image: uint8, (H, W) or (H, W, 1 or 3)"


def grey(images: Sequence[Image], at_most: int = 200) -> bool:
    """Whether an even sample of the images is grey throughout; files that cannot be read say nothing."""
    for i in range(0, len(images), max(1, len(images) // at_most)):
        try:
            if images[i].shape[2:] == (3,):
                return False
        except DataError:
            continue
    return True
