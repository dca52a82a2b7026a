"""What expressions compute, as a surrogate compares them by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from grammar_rae.evaluators.arithmetic import program, run
from grammar_rae.evaluators.truth import GRID
from grammar_rae.parsing import derivations

if TYPE_CHECKING:
    from grammar_rae.grammar import Grammar

POINTS = 100  # at the most
FARTHEST = 1e4  # all larger values are alike


def curves(strings: Sequence[str], grammar: Grammar, points: np.ndarray = GRID) -> np.ndarray:
    """arsinh of the expressions' values, (n, 100), at points evenly chosen of those given (P,), or (n, P) of fewer; 0
    where a value is not a number or the grammar does not derive the string.

    To compute an expression is not to score it: the target is not looked at.
    """
    chosen = points[np.linspace(0, len(points) - 1, min(POINTS, len(points))).round().astype(int)]
    rows, errors = derivations(grammar, ["".join(text.split()) for text in strings], errors="return")
    bad = dict(errors)
    found = np.zeros((len(strings), len(chosen)))
    for item in range(len(strings)):
        if item not in bad:
            found[item] = run(program(rows[item], grammar), chosen)
    return np.arcsinh(np.clip(np.nan_to_num(found, nan=0.0), -FARTHEST, FARTHEST))
