"""Expressions: the grammar VAE's published 100,000, all of one shape, or drawn from a grammar's derivations."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from grammar_rae.chance import DRAWS
from grammar_rae.datasets.dataset import Dataset, shuffled
from grammar_rae.datasets.sources import content, locate

if TYPE_CHECKING:
    from grammar_rae.grammar.grammar import Grammar

FILE = "equations/equation2_15_dataset.txt.gz"
STEPS = 20  # of the longest drawn, ten operands: those of x⁴ + x³ + x² + x


def equations() -> Dataset:
    """The published expressions without their blanks; 10 % validate, none are held out as a test.

    The file is sorted, so that the last 10 % the grammar VAE's code validates on follow another distribution
    than the rest (and no expression that starts with 2 or 3 would ever be trained on where they do): a fixed
    permutation chooses them here. DataError where the file is not to be had.
    """
    lines = content(locate(FILE)).decode().splitlines()
    train, valid, _ = shuffled([line.replace(" ", "") for line in lines], test=0.0)
    return Dataset("equations", train, valid, [], "expressions")


def expressions(count: int = 60_000, seed: int = 0) -> Dataset:
    """Distinct expressions of up to 20 steps, as many of every length; 10 % validate, 10 % test. No download.

    Of the shortest there are fewer: all of them.
    """
    from grammar_rae.grammar.counting import counts
    from grammar_rae.grammar.grammar import Grammar

    grammar = Grammar.read("equation.cfg")
    lengths = [steps for steps, derivations in enumerate(counts(grammar, STEPS)) if derivations]
    items: list[str] = []
    for left, steps in zip(range(len(lengths), 0, -1), lengths, strict=True):
        items += uniform(grammar, (count - len(items)) // left, steps, seed, least=steps)
    random.Random(seed).shuffle(items)
    train, valid, test = shuffled(items, test=0.1)
    return Dataset("expressions", train, valid, test, "expressions")


def uniform(grammar: Grammar, count: int, steps: int, seed: int, least: int = 1) -> list[str]:
    """`count` distinct strings of a grammar, their derivations uniform over those of `least` to `steps` steps.

    Fewer where the grammar has not that many: drawing stops after 20 · `count` draws.
    GrammarError where it has none of such a length.
    """
    from grammar_rae.grammar.counting import strings

    distinct: dict[str, None] = {}
    for turn in range(DRAWS):
        distinct.update(dict.fromkeys(strings(grammar, count, steps, seed + turn * 7919, least)))
        if len(distinct) >= count:
            break
    return list(distinct)[:count]
