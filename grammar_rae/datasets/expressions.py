"""Expressions: the grammar VAE's published 100,000, all of one shape, or drawn from a grammar's derivations."""

from __future__ import annotations

import random

from grammar_rae.datasets.dataset import Dataset, shuffled
from grammar_rae.datasets.sources import content, locate

FILE = "equations/equation2_15_dataset.txt.gz"
STEPS = 20  # of the longest drawn, ten operands: those of x⁴ + x³ + x² + x


def equations() -> Dataset[str]:
    """The published expressions without their blanks; 10 % validate, none are held out as a test.

    The file is sorted, so that the last 10 % the grammar VAE's code validates on follow another distribution
    than the rest (and no expression that starts with 2 or 3 would ever be trained on where they do): a fixed
    permutation chooses them here. DataError where the file is not to be had.
    """
    lines = content(locate(FILE)).decode().splitlines()
    train, valid, _ = shuffled([line.replace(" ", "") for line in lines], test=0.0)
    return Dataset("equations", train, valid, [], "expressions")


def expressions(count: int = 60_000, seed: int = 0) -> Dataset[str]:
    """Distinct expressions of up to 20 steps, as many of every length; 10 % validate, 10 % test. No download.

    Of the shortest there are fewer: all of them.
    """
    from grammar_rae.grammar.counting import counts
    from grammar_rae.grammar.grammar import Grammar
    from grammar_rae.grammar.sampling import distinct_strings

    grammar = Grammar.read("equation.cfg")
    lengths = [steps for steps, derivations in enumerate(counts(grammar, STEPS)) if derivations]
    items: list[str] = []
    for left, steps in zip(range(len(lengths), 0, -1), lengths, strict=True):
        items += distinct_strings(grammar, (count - len(items)) // left, steps, seed, min_steps=steps)
    random.Random(seed).shuffle(items)
    train, valid, test = shuffled(items, test=0.1)
    return Dataset("expressions", train, valid, test, "expressions")
