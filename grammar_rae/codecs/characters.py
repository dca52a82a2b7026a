"""Strings as rows of characters, the last one padding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from grammar_rae.codecs.codec import Auto, Rejected, Rows
from grammar_rae.errors import ParseError
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.nets.sizes import Slack, Steps


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
        steps: Steps | Auto = "auto",
        slack: Slack = 10,
    ) -> CharacterCodec:
        """That of a recipe; `alphabet` auto: the characters of the items and a blank; `steps` as `GrammarCodec.of`."""
        if alphabet == "auto":
            alphabet = "".join(sorted(set("".join(items)) - {" "})) + " "
        if isinstance(steps, int):
            return cls(alphabet, steps)
        return cls(alphabet, max(max(map(len, items)) + slack, least))

    @property
    def settings(self) -> dict[str, int | str]:
        """By the keys of a recipe."""
        return {"alphabet": self.alphabet, "steps": self.steps}

    @property
    def sizes(self) -> dict[str, object]:
        """Those of a `TextCodec`."""
        columns = {"column": np.arange(self.symbols), "columns": self.symbols, "pad": self.pad}
        return {**columns, "steps": self.steps}

    def encode(self, items: Sequence[str]) -> Rows:
        """(n, steps) characters. ParseError names the first string that is too long or holds another character."""
        x, _, rejected = self.encode_known(items)
        if rejected:
            raise rejected[0][1]
        return x

    def encode_known(self, items: Sequence[str]) -> tuple[Rows, NDArray[np.int64], Rejected]:
        """(m, steps) of the strings that can be written, their indices (m,), and the others with reasons."""
        rejected: list[tuple[int, ValueError]] = []
        x = np.full((len(items), self.steps), self.pad, dtype=np.int16)
        for i, item in enumerate(items):
            try:
                x[i, : len(item)] = self._row(i, item)
            except ParseError as error:
                rejected.append((i, error))
        known = np.setdiff1d(np.arange(len(items)), [i for i, _ in rejected])
        return x[known], known, rejected

    def decode(self, x: Rows) -> list[str | None]:
        """The strings of x (n, T) without their padding."""
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
