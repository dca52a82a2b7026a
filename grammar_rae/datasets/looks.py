"""What strings of a kind of data look like, before it is known whether they are any; how files of them are read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from grammar_rae.chemistry.looks import looks_like_smiles
from grammar_rae.files.layout import Reading
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.looks import blanks_count, derived, made_of_terminals

MOST = 0.9  # of the strings, from which on all are taken for what they look like


def looks_like_expression(text: str, grammar: Grammar | None = None) -> bool:
    """Whether a string is made of the words of `equation.cfg`, or of another grammar."""
    return made_of_terminals(grammar or _equations(), text)


def reading_for(grammar: Grammar | None = None) -> Reading:
    """How a file of strings is read that may be of any kind, or those of a grammar."""
    if grammar is None:
        return Reading(lambda text: looks_like_smiles(text) or looks_like_expression(text))
    return Reading(
        lambda text: looks_like_smiles(text) or looks_like_expression(text) or derived(grammar, text),
        blanks_count(grammar),
    )


def lookalike(strings: Sequence[str]) -> str | None:
    """The kind of data that nearly all strings look like, though few of them or none can be read; None of none."""
    for kind, looks in (("molecules", looks_like_smiles), ("expressions", looks_like_expression)):
        if strings and sum(map(looks, strings)) >= MOST * len(strings):
            return kind
    return None


@cache
def _equations() -> Grammar:
    return Grammar.read("equation.cfg")
