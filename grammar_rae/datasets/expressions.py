"""Expressions: the grammar VAE's published 100,000, or drawn uniformly from a grammar's derivations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grammar_rae.datasets.sources import content, locate
from grammar_rae.datasets.splits import Dataset, shuffled
from grammar_rae.errors import DataError

if TYPE_CHECKING:
    from grammar_rae.grammar import Grammar

FILE = "equations/equation2_15_dataset.txt.gz"
STEPS = 15  # the papers' length: a derivation and its padding together


def equations() -> Dataset:
    """The published expressions without their blanks; 10 % validate, none are held out as a test.

    The file is sorted, so that the last 10 % the grammar VAE's code validates on follow another distribution
    than the rest (and no expression that starts with 2 or 3 would ever be trained on where they do): a fixed
    permutation chooses them here.
    """
    lines = content(locate(FILE)).decode().splitlines()
    train, valid, _ = shuffled([line.replace(" ", "") for line in lines], test=0.0)
    return Dataset("equations", train, valid, [], "expressions")


def expressions(count: int = 20_000, seed: int = 0) -> Dataset:
    """Distinct expressions, their derivations drawn uniformly; 10 % validate, 10 % test. No download."""
    from grammar_rae.grammar import Grammar

    train, valid, test = shuffled(uniform(Grammar.read("equation.cfg"), count, STEPS, seed), test=0.1)
    return Dataset("expressions", train, valid, test, "expressions")


def uniform(grammar: Grammar, count: int, steps: int, seed: int) -> list[str]:
    """`count` distinct strings of a grammar, their derivations uniform over those of at most `steps` steps.

    Fewer where the grammar has not that many: drawing stops when twenty times `count` draws have been made.
    """
    from grammar_rae.counting import sample
    from grammar_rae.parsing import render

    found: dict[str, None] = {}
    for round_ in range(20):
        found.update(
            dict.fromkeys(
                text
                for text in render(grammar, sample(grammar, count, steps, seed + round_ * 7919))
                if text is not None
            )
        )
        if len(found) >= count:
            break
    if not found:
        raise DataError(
            f"{grammar.name}: no string has a derivation of {steps} steps or fewer; allow more steps"
        )
    return list(found)[:count]
