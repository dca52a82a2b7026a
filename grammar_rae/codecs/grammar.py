"""Strings as rows of production indices of a grammar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt

from grammar_rae.codecs.codec import Auto, Rejected
from grammar_rae.errors import RecipeError
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.parser import parse, parse_known
from grammar_rae.grammar.parsing.unparser import unparse


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
