"""What looks as if a grammar derived it, whether or not it does."""

from __future__ import annotations

import re
from functools import lru_cache

from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.parser import parse_known


def made_of_terminals(grammar: Grammar, text: str) -> bool:
    """Whether a string, its blanks left out, is made of a grammar's terminals and is more than a number."""
    return not _number(text) and _terminals(grammar).fullmatch("".join(text.split())) is not None


def derived(grammar: Grammar, text: str) -> bool:
    """Whether a grammar derives a string."""
    return not parse_known(grammar, [text])[2]


@lru_cache(16)
def blanks_count(grammar: Grammar) -> bool:
    """Whether a grammar derives the empty string or has blanks in its terminals, so that no blank may be left out."""
    spaced = any(terminal != "".join(terminal.split()) for terminal in grammar.terminals)
    return spaced or derived(grammar, "")


@lru_cache(16)
def _terminals(grammar: Grammar) -> re.Pattern[str]:
    words = sorted(("".join(word.split()) for word in grammar.terminals), key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(map(re.escape, filter(None, words)))})+")


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
