"""Scoring functions, as optimisation maximises them: strings in, one number each out, higher is better.

A score is a weighted sum of terms, each of which measures the canonical forms of strings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grammar_rae.evaluation.expressions import scores
from grammar_rae.evaluation.expressions.target import Target
from grammar_rae.evaluation.molecules.metrics import properties
from grammar_rae.evaluation.scoring.functions import UserFunction
from grammar_rae.files import given
from grammar_rae.grammar.grammar import Grammar

# Canonical forms (n,) to published values (n,), NaN where there is none, and the reasons for those by place.
Measure = Callable[[Sequence[str]], tuple[np.ndarray, dict[int, str]]]
# Strings to their canonical forms, None for what is not to be measured, and the reasons by string.
Reader = Callable[[Sequence[str]], tuple[list[str | None], dict[str, str]]]


@dataclass(frozen=True)
class Term:
    """What one name of a specification measures. `points` (P,) are those where it evaluates expressions."""

    name: str
    task: str | None  # None: any
    measure: Measure
    lower_is_better: bool = False
    weight: float = 1.0
    points: np.ndarray | None = None


@dataclass
class Score:
    """strings → (n,) float64, higher is better, NaN where there is none; `tasks.goals.goal` makes one.

    `failures` says of the last call why strings have no value: not a molecule, too many atoms, failed, timed out.
    `identity` changes with what is scored: it holds the contents of a file of points, hashed, in place of its name.
    Each distinct canonical form is measured once a call.
    """

    name: str
    task: str
    terms: tuple[Term, ...]
    read: Reader
    identity: str
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def lower_is_better(self) -> bool:
        """Whether the published number is better the lower it is; sums of terms are better the higher."""
        return len(self.terms) == 1 and self.terms[0].weight == 1 and self.terms[0].lower_is_better

    @property
    def points(self) -> np.ndarray | None:
        """Where expressions are evaluated, (P,); None where they are not."""
        return self.terms[0].points

    @property
    def runs_user_code(self) -> bool:
        """Whether a term is the user's own function: worker processes share out a batch of strings."""
        return any(isinstance(term.measure, UserFunction) for term in self.terms)

    def display(self, values: np.ndarray) -> np.ndarray:
        """Values of this score (n,) in the published direction: SA or log(1 + MSE) where `lower_is_better`."""
        values = np.asarray(values, float)
        return 0.0 - values if self.lower_is_better else values

    def __call__(self, strings: Any) -> np.ndarray:
        strings = given.filled(strings)
        forms, failures = self.read(strings)
        distinct = list(dict.fromkeys(form for form in forms if form is not None))
        values, reasons = self._measured(distinct)
        pairs = zip(strings, forms, strict=True)
        self.failures = failures | {
            text: reasons[form] for text, form in pairs if form is not None and form in reasons
        }
        return np.array([np.nan if form is None else values[form] for form in forms], float)

    def _measured(self, forms: list[str]) -> tuple[dict[str, float], dict[str, str]]:
        """The weighted sum over the terms by form, NaN where one of them has no value, and the reasons for that."""
        total = np.zeros(len(forms))
        reasons: dict[str, str] = {}
        for term in self.terms:
            values, missing = term.measure(forms)
            total = total + (-term.weight if term.lower_is_better else term.weight) * values
            for place in np.flatnonzero(~np.isfinite(total)).tolist():
                total[place] = np.nan
                reasons.setdefault(forms[place], f"{term.name}: {missing.get(place, 'no value')}")
        return dict(zip(forms, total, strict=True)), reasons


def molecule_property(name: str, forms: Sequence[str]) -> tuple[np.ndarray, dict[int, str]]:
    """A property of molecules by its name, as a measure."""
    return properties(forms, (name,))[name].to_numpy(), {}


def similarity(
    function: Callable[[str, Sequence[str]], np.ndarray], reference: str, forms: Sequence[str]
) -> tuple[np.ndarray, dict[int, str]]:
    """How like molecules are to a reference, as a measure."""
    return function(reference, forms), {}


def log_error(
    target: Target, grammar: Grammar | None, forms: Sequence[str]
) -> tuple[np.ndarray, dict[int, str]]:
    """The published log(1 + MSE) of expressions, as a measure."""
    return scores.score(forms, target, grammar), {}


def plain_error(
    target: Target, grammar: Grammar | None, forms: Sequence[str]
) -> tuple[np.ndarray, dict[int, str]]:
    """The mean squared error of expressions, as a measure."""
    errors = scores.mse(forms, target, grammar)
    return errors, dict.fromkeys(np.flatnonzero(np.isnan(errors)).tolist(), "undefined at one of the points")
