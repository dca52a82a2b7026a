"""Text to integer rows and back: productions of a grammar, or characters of an alphabet. No learning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from grammar_rae.errors import ParseError
from grammar_rae.grammar import Grammar
from grammar_rae.parsing import derivations, render

Rejected = list[tuple[int, ParseError]]


class Codec(Protocol):
    steps: int
    pad: int
    symbols: int  # distinct integers in x

    def encode(self, items: Sequence[str]) -> NDArray[np.int16]:
        """(n, T); raises ParseError naming the item and the place in it."""
        ...

    def encode_known(self, items: Sequence[str]) -> tuple[NDArray[np.int16], NDArray[np.int64], Rejected]:
        """Rows (m, T) of the items that can be written, their indices (m,), and the others with reasons."""
        ...

    def decode(self, x: NDArray[np.integer]) -> list[str | None]:
        """The texts of x (n, T); None where a derivation is unfinished."""
        ...


class GrammarCodec:
    """Leftmost derivations of `grammar`, padded to `steps` with its padding production."""

    def __init__(self, grammar: Grammar, steps: int) -> None:
        self.grammar = grammar
        self.steps = steps
        self.pad = grammar.pad
        self.symbols = len(grammar.productions)

    def encode(self, items: Sequence[str]) -> NDArray[np.int16]:
        return derivations(self.grammar, items, self.steps)

    def encode_known(self, items: Sequence[str]) -> tuple[NDArray[np.int16], NDArray[np.int64], Rejected]:
        x, rejected = derivations(self.grammar, items, self.steps, errors="return")
        known = np.setdiff1d(np.arange(len(items)), [i for i, _ in rejected])
        return x[known], known, rejected

    def decode(self, x: NDArray[np.integer]) -> list[str | None]:
        return render(self.grammar, np.asarray(x))


class CharacterCodec:
    """Characters of `alphabet`, whose last one pads every string to `steps`."""

    def __init__(self, alphabet: str, steps: int) -> None:
        self.alphabet = alphabet
        self.steps = steps
        self.pad = len(alphabet) - 1
        self.symbols = len(alphabet)
        self._index = {character: i for i, character in enumerate(alphabet)}

    def encode(self, items: Sequence[str]) -> NDArray[np.int16]:
        x, _, rejected = self.encode_known(items)
        if rejected:
            raise rejected[0][1]
        return x

    def encode_known(self, items: Sequence[str]) -> tuple[NDArray[np.int16], NDArray[np.int64], Rejected]:
        rejected: Rejected = []
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
