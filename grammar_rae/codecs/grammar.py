"""Strings as rows of production indices of a grammar."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from grammar_rae.codecs.codec import Auto, Rejected, Rows
from grammar_rae.errors import RecipeError, option
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.parser import parse, parse_known
from grammar_rae.grammar.parsing.unparser import unparse
from grammar_rae.nets.sizes import Slack, Steps


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
        steps: Steps | Auto = "auto",
        slack: Slack = 10,
    ) -> GrammarCodec:
        """That of a recipe; `steps` auto: those of the longest item and `slack` more, not fewer than `least`."""
        if grammar is None:
            raise RecipeError(f"a grammar codec needs codec.grammar, or {option('grammar')}, a file of rules")
        if isinstance(steps, int):
            return cls(grammar, steps)
        return cls(grammar, max(parse_known(grammar, items)[0].shape[1] + slack, least))

    @property
    def settings(self) -> dict[str, int | str]:
        """By the keys of a recipe."""
        return {"steps": self.steps}

    @property
    def sizes(self) -> dict[str, object]:
        """Those of a `TextCodec`, and the `grammar`."""
        tables = self.grammar.tables
        columns = {
            "column": tables.column,
            "columns": int(tables.columns),
            "pad": int(tables.column[self.pad]),
        }
        return {**columns, "steps": self.steps, "grammar": self.grammar}

    def encode(self, items: Sequence[str]) -> Rows:
        """(n, steps) productions. ParseError names the first string that has no derivation of so many steps."""
        return parse(self.grammar, items, self.steps)

    def encode_known(self, items: Sequence[str]) -> tuple[Rows, NDArray[np.int64], Rejected]:
        """(m, steps) of the strings that can be derived, their indices (m,), and the others with reasons."""
        return parse_known(self.grammar, items, self.steps)

    def decode(self, x: Rows) -> list[str | None]:
        """The strings of x (n, T), None where a derivation is unfinished."""
        return unparse(self.grammar, np.asarray(x))
