"""What a search maximises, and how it is called so that nothing a user's function does stops a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from grammar_rae.errors import DataError, said

Function = Callable[[list[str]], np.ndarray]


@runtime_checkable
class ScoringFunction(Protocol):
    """What a search maximises: strings → (n,) float64, NaN where a string has no score."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def identity(self) -> str:
        """What tells it from others: the name, or the contents of what it is made from."""

    @property
    def runs_user_code(self) -> bool:
        """Whether it is slow and works on many strings at once, so that it is best given a whole batch."""

    @property
    def points(self) -> np.ndarray | None:
        """(P,) where it evaluates strings that are functions; None where it does not, or that is not known."""

    @property
    def failures(self) -> Mapping[str, str]:
        """Why strings of the last call have no score, by string."""

    def __call__(self, strings: list[str]) -> np.ndarray: ...

    def display(self, values: np.ndarray) -> np.ndarray:
        """Scores (n,) in the direction that is published, where an error is better the lower it is."""


@dataclass(frozen=True)
class PlainFunction:
    """A Python function as a `ScoringFunction`; its values are published as they are."""

    function: Function
    name: str
    runs_user_code: bool = False  # in this process, where nothing runs beside it
    points: np.ndarray | None = None
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """The name: its code is not looked at."""
        return self.name

    def __call__(self, strings: list[str]) -> np.ndarray:
        return self.function(strings)

    def display(self, values: np.ndarray) -> np.ndarray:
        """The values (n,) themselves."""
        return values


def scoring_function(score: ScoringFunction | Function) -> ScoringFunction:
    """A score that may be a plain function, by its module and name."""
    if isinstance(score, ScoringFunction):
        return score
    return PlainFunction(score, f"{score.__module__}.{getattr(score, '__qualname__', score)}")


def score_safely(score: ScoringFunction, strings: list[str]) -> tuple[list[float], dict[str, str]]:
    """Scores of strings, and the reasons of those that have none, by string.

    Where a batch raises, its strings are scored one by one, and one that raises alone has NaN. DataError where the
    scores are not one number a string.
    """
    try:
        values = np.asarray(score(strings), dtype=float)
    except (Exception, SystemExit) as error:
        if len(strings) == 1:
            return [math.nan], {strings[0]: said(error)}
        parts = [score_safely(score, [string]) for string in strings]
        return [value for values, _ in parts for value in values], {
            string: reason for _, reasons in parts for string, reason in reasons.items()
        }
    if values.shape != (len(strings),):
        raise DataError(
            f"the score of {len(strings)} strings has shape {values.shape}; expected one number each"
        )
    return values.tolist(), dict(score.failures)
