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
    """arsinh of the expressions' values, (n, 100), at points evenly chosen of those given (P,), or (n, P) of fewer.
    What is not a number counts as 0; what has no value anywhere, or is not derived by the grammar, is far from all.

    To compute an expression is not to score it: the target is not looked at.
    """
    chosen = points[np.linspace(0, len(points) - 1, min(POINTS, len(points))).round().astype(int)]
    rows, errors = derivations(grammar, ["".join(text.split()) for text in strings], errors="return")
    bad = dict(errors)
    found = np.full((len(strings), len(chosen)), FARTHEST)
    for item in set(range(len(strings))) - bad.keys():
        values = run(program(rows[item], grammar), chosen)
        if np.isfinite(values).any():
            found[item] = np.nan_to_num(values, nan=0.0).clip(-FARTHEST, FARTHEST)
    return np.arcsinh(found)
