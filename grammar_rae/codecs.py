"""Items to integers and back: productions of a grammar, characters of an alphabet, bytes of images. No learning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt

from grammar_rae.errors import DataError, ParseError, RecipeError
from grammar_rae.grammar import Grammar
from grammar_rae.parsing import parse, parse_known
from grammar_rae.rendering import unparse

Auto = Literal["auto"]
Rejected = Sequence[tuple[int, ValueError]]


class Codec(Protocol):
    word: str  # what one of its items is called, as by the medium of its task

    def encode(self, items: Sequence[Any]) -> NDArray[np.integer]:
        """(n, …); raises ParseError or DataError naming the item and the place in it."""
        ...

    def encode_known(self, items: Sequence[Any]) -> tuple[NDArray[np.integer], NDArray[np.int64], Rejected]:
        """(m, …) of the items that can be written, their indices (m,), and the others with reasons."""
        ...

    def decode(self, x: NDArray[np.integer]) -> Any:
        """The items of x (n, …)."""
        ...

    @property
    def settings(self) -> dict[str, Any]:
        """What `of` found to be right for its items, by the keys of a recipe."""
        ...

    @property
    def sizes(self) -> dict[str, Any]:
        """What nets are made for, by the names that nets and decoders ask for it."""
        ...


class TextCodec(Codec, Protocol):
    """Rows (n, T); `decode` gives None where a derivation is unfinished.

    Its sizes: `column` (symbols,) the output of a net that stands for each symbol, `columns` how many there are, `pad`
    the padding symbol's, and `steps`.
    """

    steps: int
    pad: int
    symbols: int  # distinct integers in x


class GrammarCodec:
    """Leftmost derivations of `grammar`, padded to `steps` with its padding production."""

    word = "string"

    def __init__(self, grammar: Grammar, steps: int) -> None:
        self.grammar = grammar
        self.steps = steps
        self.pad = grammar.pad
        self.symbols = len(grammar.productions)

    @classmethod
    def of(
        cls,
        grammar: Grammar | None,
        items: Sequence[str],
        least: int,
        *,
        steps: PositiveInt | Auto = "auto",
        slack: int = 10,
    ) -> GrammarCodec:
        """That of a recipe; `steps` auto: those of the longest item and `slack` more, not fewer than `least`."""
        if grammar is None:
            raise RecipeError("a grammar codec needs codec.grammar, or --grammar FILE")
        if isinstance(steps, int):
            return cls(grammar, steps)
        return cls(grammar, max(parse_known(grammar, items)[0].shape[1] + slack, least))

    @property
    def settings(self) -> dict[str, Any]:
        return {"steps": self.steps}

    @property
    def sizes(self) -> dict[str, Any]:
        tables = self.grammar.tables
        columns = {
            "column": tables.column,
            "columns": int(tables.columns),
            "pad": int(tables.column[self.pad]),
        }
        return {**columns, "steps": self.steps, "grammar": self.grammar}

    def encode(self, items: Sequence[str]) -> NDArray[np.integer]:
        return parse(self.grammar, items, self.steps)

    def encode_known(self, items: Sequence[str]) -> tuple[NDArray[np.integer], NDArray[np.int64], Rejected]:
        return parse_known(self.grammar, items, self.steps)

    def decode(self, x: NDArray[np.integer]) -> list[str | None]:
        return unparse(self.grammar, np.asarray(x))


class CharacterCodec:
    """Characters of `alphabet`, whose last one pads every string to `steps`."""

    word = "string"

    def __init__(self, alphabet: str, steps: int) -> None:
        self.alphabet = alphabet
        self.steps = steps
        self.pad = len(alphabet) - 1
        self.symbols = len(alphabet)
        self._index = {character: i for i, character in enumerate(alphabet)}

    @classmethod
    def of(
        cls,
        grammar: Grammar | None,
        items: Sequence[str],
        least: int,
        *,
        alphabet: str = "auto",
        steps: PositiveInt | Auto = "auto",
        slack: int = 10,
    ) -> CharacterCodec:
        """That of a recipe; `alphabet` auto: the characters of the items and a blank; `steps` as `GrammarCodec.of`."""
        if alphabet == "auto":
            alphabet = "".join(sorted(set("".join(items)) - {" "})) + " "
        if isinstance(steps, int):
            return cls(alphabet, steps)
        return cls(alphabet, max(max(map(len, items)) + slack, least))

    @property
    def settings(self) -> dict[str, Any]:
        return {"alphabet": self.alphabet, "steps": self.steps}

    @property
    def sizes(self) -> dict[str, Any]:
        columns = {"column": np.arange(self.symbols), "columns": self.symbols, "pad": self.pad}
        return {**columns, "steps": self.steps}

    def encode(self, items: Sequence[str]) -> NDArray[np.integer]:
        x, _, rejected = self.encode_known(items)
        if rejected:
            raise rejected[0][1]
        return x

    def encode_known(self, items: Sequence[str]) -> tuple[NDArray[np.integer], NDArray[np.int64], Rejected]:
        rejected: list[tuple[int, ValueError]] = []
        x = np.full((len(items), self.steps), self.pad, dtype=np.int16)
        for i, item in enumerate(items):
            try:
                x[i, : len(item)] = self._row(i, item)
            except ParseError as error:
                rejected.append((i, error))
        known = np.setdiff1d(np.arange(len(items)), [i for i, _ in rejected])
        return x[known], known, rejected

    def decode(self, x: NDArray[np.integer]) -> list[str | None]:
        return ["".join(self.alphabet[c] for c in row).rstrip(self.alphabet[-1]) for row in x]

    def _row(self, i: int, item: str) -> list[int]:
        if len(item) > self.steps:
            raise ParseError(f"item {i}: {len(item)} characters, the model has {self.steps}: {item}")
        unknown = next((p for p, character in enumerate(item) if character not in self._index), None)
        if unknown is not None:
            raise ParseError(
                f"item {i}: {item[unknown]!r} at position {unknown} is not one of «{self.alphabet[:-1]}»: {item}"
            )
        return [self._index[character] for character in item]


class ImageCodec:
    """8-bit images of any size ⇄ x (n, C, S, S) uint8, `size` pixels a side, 1 or 3 `channels`.

    An image that fits is centred on black (28 x 28 in 32 x 32: two pixels all round, as in the RAE paper);
    a larger one is cut to its middle square and resized, antialiased. Grey and colour become each other.
    """

    word = "image"

    def __init__(self, size: int, channels: int) -> None:
        self.size = size
        self.channels = channels

    @classmethod
    def of(
        cls,
        grammar: Grammar | None,
        items: Sequence[Any],
        least: int,
        *,
        size: Literal[32, 64] = 32,
        channels: Literal[1, 3] | Auto = "auto",
    ) -> ImageCodec:
        """That of a recipe; `channels` auto: 1 where all of the items seem grey, else 3."""
        if channels == "auto":
            channels = 1 if grey(items) else 3
        return cls(size, channels)

    @property
    def settings(self) -> dict[str, Any]:
        return {"size": self.size, "channels": self.channels}

    @property
    def sizes(self) -> dict[str, Any]:
        return self.settings

    def encode(self, items: Sequence[Any]) -> NDArray[np.uint8]:
        """(n, C, S, S) of arrays (H, W) or (H, W, 1 or 3) uint8. DataError names the first that is something else."""
        x, _, rejected = self.encode_known(items)
        if rejected:
            raise rejected[0][1]
        return x

    def encode_known(self, items: Sequence[Any]) -> tuple[NDArray[np.uint8], NDArray[np.int64], Rejected]:
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

    def decode(self, x: NDArray[np.integer]) -> NDArray[np.uint8]:
        """(n, S, S, C) uint8."""
        return np.ascontiguousarray(np.asarray(x, np.uint8).transpose(0, 2, 3, 1))

    def _fitted(self, image: NDArray[Any]) -> NDArray[np.uint8]:
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

    def _resized(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The middle square, (S, S, planes)."""
        from PIL import Image

        side = min(image.shape[:2])
        top, left = ((length - side) // 2 for length in image.shape[:2])
        square = image[top : top + side, left : left + side]
        planes = [
            np.asarray(Image.fromarray(plane).resize((self.size, self.size), Image.Resampling.LANCZOS))
            for plane in np.moveaxis(square, 2, 0)
        ]
        return np.stack(planes, 2)


def image_problem(image: NDArray[Any]) -> str:
    """Why an array is no image this package reads, "" where it is one."""
    if (
        image.dtype == np.uint8
        and image.size
        and image.ndim in (2, 3)
        and image.shape[2:] in ((), (1,), (3,))
    ):
        return ""
    return f"{image.dtype} of shape {image.shape}; expected an image: uint8, (H, W) or (H, W, 1 or 3)"


def grey(images: Sequence[Any], at_most: int = 200) -> bool:
    """Whether an even sample of the images is grey throughout; files that cannot be read say nothing."""
    for i in range(0, len(images), max(1, len(images) // at_most)):
        try:
            if images[i].shape[2:] == (3,):
                return False
        except DataError:
            continue
    return True
