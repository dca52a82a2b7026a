"""A grammar made ready to parse with: its items, the trie of its terminals, and the parser that suits it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from grammar_rae.descent import descend
from grammar_rae.earley import parse
from grammar_rae.grammar import Grammar
from grammar_rae.items import Items, build
from grammar_rae.lexing import build_trie, packed, tokenise

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Tokens:
    """M tokens of n texts, one after the other."""

    terminal: Ints  # (M,)
    start: Ints  # (M,) byte of its text that it begins at
    bounds: Ints  # (n + 1,) where each text's begin
    broken: Ints  # (n,) byte of the text that no terminal begins at, −1 where there is none


@dataclass(frozen=True)
class Compiled:
    """Tables of one grammar; safe to share between threads."""

    items: Items
    trie: Ints
    accepts: Ints

    def tokens(self, texts: Sequence[str]) -> Tokens:
        """Longest-match tokens; those of a broken text end where it breaks."""
        return Tokens(*tokenise(*packed(texts), self.trie, self.accepts))

    def parse(self, terminal: Ints, bounds: Ints, skip: NDArray[np.bool_]) -> tuple[Ints, Ints, Ints]:
        """Productions of all texts not in `skip` (n,), their number a text, failing tokens (n,) or −1."""
        t = self.items
        if t.ll1:
            end = t.viable.shape[1] - 1
            return descend(terminal, bounds, skip, t.first_item, t.after, t.predicted, t.bounds, end, t.start)
        return parse(
            terminal,
            bounds,
            skip,
            t.first_item,
            t.rule,
            t.lhs,
            t.after,
            t.viable,
            t.predicted,
            t.bounds,
            t.nullable,
            t.start,
        )


@lru_cache(maxsize=32)
def compiled(grammar: Grammar) -> Compiled:
    """The tables of a grammar, made once."""
    return Compiled(build(grammar), *build_trie(grammar.terminals))
