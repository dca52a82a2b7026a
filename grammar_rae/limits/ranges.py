"""Which numbers a call may have: one line each, printed by `--help`, and checked before anything is computed.

Verbs and public functions that take a number of the same name take the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from grammar_rae.errors import DataError


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included, and 0 too where `or_zero`; `whole`: integers alone."""

    low: float
    high: float
    whole: bool = True
    or_zero: bool = False

    def __str__(self) -> str:
        return f"{'0, or ' if self.or_zero else ''}{_written(self.low)} to {_written(self.high)}"

    def check(self, name: str, value: Any) -> None:
        """DataError where a value is no such number; `name` is what the user calls it."""
        if not _is_number(value, self.whole):
            shown = str(value)[:40] if isinstance(value, Real) else _shown(value)
            raise DataError(f"{name} {shown}; expected a {'whole ' * self.whole}number, {self}")
        if not (self.low <= value <= self.high or (self.or_zero and value == 0)):
            raise DataError(f"{name} {_shown(value)}; expected {self}")


def _is_number(value: Any, whole: bool) -> bool:
    return isinstance(value, Integral if whole else Real) and not isinstance(value, bool)


def _written(number: float) -> str:
    if isinstance(number, int):
        return f"{number:,}"
    return f"{number:,.0f}" if 1000 <= number < 1e9 else f"{number:g}"


def _shown(value: Any) -> str:
    """A value in a few characters."""
    if not _is_number(value, whole=False):
        return repr(value)[:40]
    if _is_number(value, whole=True):
        return f"{int(value):,}" if abs(value) < 10**21 else "of more than 20 digits"
    return f"{value:g}"


COUNT = Range(1, 1_000_000_000)
DRAWS = Range(1, 100_000)
MANY = Range(1, 1_000_000)
RANGES = {
    "at_most": Range(2, 1_000_000_000),
    "batch": Range(1, 10_000),
    "blocks": Range(0, 100),
    "budget": MANY,
    "candidates": DRAWS,
    "columns": Range(1, 1_000),
    "component": Range(1, 10_000),
    "components": Range(1, 10_000),
    "confirm": Range(0.0, 86_400.0, whole=False),
    "decodings": DRAWS,
    "devices": Range(1, 1_024),
    "draws": MANY,
    "encodings": DRAWS,
    "epochs": MANY,
    "initial": DRAWS,
    "iterations": MANY,
    "keep": Range(0.001, 1.0, whole=False),
    "layers": Range(1, 100),
    "likelihood": MANY,
    "longest": Range(1, 1_000_000_000),
    "max_atoms": Range(1, 10_000),
    "max_steps": Range(1, 1_000),
    "min_steps": Range(1, 1_000),
    "n": COUNT,
    "noise": Range(0.0, 1000.0, whole=False),
    "prior_decodes": DRAWS,
    "prior_points": MANY,
    "radius": Range(0.0001, 10_000.0, whole=False),
    "rank_weight": Range(1e-12, 1e12, whole=False),
    "refinements": Range(0, 1_000),
    "retrain_every": MANY,
    "revisions": Range(0, 10_000),
    "rung": Range(1, 1_000),
    "rows": Range(1, 1_000),
    "samples": Range(1, 10_000),
    "seed": Range(0, 2**63 - 1),
    "similarity": Range(0.0, 1.0, whole=False),
    "steps": Range(2, 1_000_000),
    "temperature": Range(1e-6, 1e6, whole=False, or_zero=True),  # beyond them single precision runs out
    "timeout": Range(0.01, 100_000.0, whole=False),
    "width": Range(1, 10_000),
}


def within(**numbers: Any) -> None:
    """DataError for the first number that is out of its range; None is a number that was not given."""
    for name, value in numbers.items():
        if value is not None:
            RANGES[name].check(name, value)
