"""A grammar made ready to parse with: its look-ahead tables, the trie of its terminals, the parser that suits it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.earley import expected_earley, parse_earley
from grammar_rae.grammar.parsing.lexer import Trie, build_trie, packed, tokenise
from grammar_rae.grammar.parsing.ll1 import parse_ll1
from grammar_rae.grammar.parsing.lookahead import Lookahead, lookahead

Ints = NDArray[np.int64]
Many = NDArray[np.int32]  # as many as characters: half the memory is twice the speed


@dataclass(frozen=True)
class Tokens:
    """M tokens of n texts, one after the other."""

    terminal: Many  # (M,)
    bounds: Ints  # (n + 1,) where each text's begin
    broken: Ints  # (n,) byte of the text that no terminal begins at, −1 where there is none


@dataclass(frozen=True)
class CompiledParser:
    """Tables of one grammar; safe to share between threads."""

    lookahead: Lookahead
    trie: Trie

    def tokens(self, texts: Sequence[str]) -> Tokens:
        """Longest-match tokens; those of a broken text end where it breaks."""
        return Tokens(*tokenise(*packed(texts), self.trie))

    def parse(self, terminal: Many, bounds: Ints, skip: NDArray[np.bool_]) -> tuple[Many, Ints, Ints]:
        """Productions of all texts not in `skip` (n,), their number a text, failing tokens (n,), −1 or TOO_LONG."""
        if self.lookahead.ll1:
            return parse_ll1(terminal, bounds, skip, self.lookahead, False)
        return parse_earley(terminal, bounds, skip, self.lookahead)

    def parse_prefixes(
        self, terminal: Many, bounds: Ints, skip: NDArray[np.bool_]
    ) -> tuple[Many, Ints, Ints]:
        """`parse` for texts that strings begin with: productions down to the last token. LL(1) grammars only."""
        return parse_ll1(terminal, bounds, skip, self.lookahead, True)

    def expected(self, terminal: Many, bounds: Ints) -> NDArray[np.bool_]:
        """(n, V + 1) the tokens that may follow texts that strings begin with, the end in the last column."""
        return expected_earley(terminal, bounds, self.lookahead)


@lru_cache(maxsize=32)
def compiled_parser(grammar: Grammar) -> CompiledParser:
    """The parser of a grammar, made once."""
    return CompiledParser(lookahead(grammar), build_trie(grammar.terminals))
