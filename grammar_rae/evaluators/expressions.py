"""Expressions of one variable: which are valid, distinct and new, and how far they are from a target.

Score of Kusner et al. (Grammar VAE, ICML 2017): log(1 + mean over 1,000 points of [-10, 10] of the squared
error, capped at 1,000 a point); log(1001) where that is not a number. Lower is better. Values come from the
derivation by `equation.cfg` (or any grammar whose rules have the same shapes); nothing is passed to `eval`.
Literals divide truly; `floor=True` divides them as the authors' Python 2 did (1/3 = 0).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from grammar_rae.errors import ParseError
from grammar_rae.evaluators.arithmetic import Program, program, run
from grammar_rae.evaluators.equality import classes
from grammar_rae.evaluators.symbolic import confirm
from grammar_rae.evaluators.truth import GRID, Truth, truth_of

if TYPE_CHECKING:
    from grammar_rae.grammar import Grammar

TARGET = "1/3+x+sin(x*x)"
CAP = 1000.0
WORST = float(np.log1p(CAP))
CURVE = 100  # points of a curve, at the most
FARTHEST = 1e4  # all larger values of a curve are alike
UNDEFINED = "undefined everywhere"
VALUES, PROVED, DOUBTED = "values", "proved", "unconfirmed"  # how an expression is known to equal another

Numbers = dict[str, float | None]


@cache
def standard() -> Grammar:
    """`equation.cfg`."""
    from grammar_rae.grammar import Grammar

    return Grammar.read("equation.cfg")


def canonical(strings: Sequence[str], grammar: Grammar | None = None) -> list[str | None]:
    """The strings without their blanks; None for those that the grammar does not derive."""
    bad = faults(strings, grammar)
    return [None if item in bad else _form(text) for item, text in enumerate(strings)]


def faults(strings: Sequence[str], grammar: Grammar | None = None) -> dict[int, str]:
    """What is wrong with those that the grammar does not derive, by place."""
    _, _, errors = _parsed([_form(text) for text in strings], grammar or standard())
    return {item: brief(error) for item, error in errors}


def alike(strings: Sequence[str], grammar: Grammar | None = None) -> np.ndarray:
    """(n,) int: the index of the first string that each one equals as a function (see `equality`), its own where it
    equals none or the grammar does not derive it.
    """
    grammar = grammar or standard()
    x, known, _ = _parsed([_form(text) for text in strings], grammar)
    first = np.arange(len(strings))
    if len(known):
        first[known] = known[classes([program(row, grammar) for row in x])]
    return first


def score(
    strings: Sequence[str],
    target: str | Truth = TARGET,
    floor: bool = False,
    grammar: Grammar | None = None,
) -> np.ndarray:
    """log(1 + MSE) against the target, (n,) float; NaN for strings that the grammar does not derive."""
    return _compared(strings, target, grammar, floor, _score)


def mse(strings: Sequence[str], target: str | Truth = TARGET, grammar: Grammar | None = None) -> np.ndarray:
    """Mean squared error against the target, (n,) float, not capped; NaN also where a point has no value."""
    return _compared(strings, target, grammar, False, _mse)


def curves(
    strings: Sequence[str], points: np.ndarray | None = None, grammar: Grammar | None = None
) -> np.ndarray:
    """What expressions compute, as a surrogate compares them: arsinh of their values, (n, 100), at points evenly chosen
    of those given (P,), the published grid where None; (n, P) of fewer. What is not a number counts as 0; what has no
    value anywhere, or is not derived by the grammar, is far from all.

    To compute an expression is not to score it: the target is not looked at.
    """
    grammar, points = grammar or standard(), GRID if points is None else points
    chosen = points[np.linspace(0, len(points) - 1, min(CURVE, len(points))).round().astype(int)]
    x, known, _ = _parsed([_form(text) for text in strings], grammar)
    found = np.full((len(strings), len(chosen)), FARTHEST)
    for item, row in zip(known, x, strict=True):
        values = run(program(row, grammar), chosen)
        if np.isfinite(values).any():
            found[item] = np.nan_to_num(values, nan=0.0).clip(-FARTHEST, FARTHEST)
    return np.arcsinh(found)


def table(
    strings: Sequence[str],
    target: str | Truth = TARGET,
    grammar: Grammar | None = None,
    seconds: float = 0.0,
) -> pd.DataFrame:
    """One row an item.

    expression, as given
    valid: the grammar derives it
    reason: what is wrong where it is not valid; `undefined everywhere` where it is, but has no value at any point
    position: the character, from 0, of the expression as given at which the grammar stops; missing where valid
    canonical: without blanks
    equal_to: the first expression of the list that is equal to it as a function (see `equality`), or itself
    equality: how that is known: `values`; with `seconds` > 0 `proved` by SymPy, or `unconfirmed`, where SymPy
        had no answer in time. One that SymPy refutes is equal only to itself. Empty for the first of its kind
    score: log(1 + MSE) against the target, 0 to 6.909, lower is better
    mse: the mean squared error, not capped; NaN where a point has no value
    at_zero: the value at x = 0, NaN where there is none
    steps, depth: the derivation's productions, all of them, and those from the root to the farthest leaf
    """
    grammar = grammar or standard()
    truth = truth_of(target, grammar) if isinstance(target, str) else target
    forms = [_form(text) for text in strings]
    distinct = list(dict.fromkeys(forms))
    x, known, errors = _parsed(distinct, grammar)
    bad = {distinct[item]: error for item, error in errors}
    measured = _measured([distinct[item] for item in known], x, truth, grammar, seconds)
    why = [
        _located(bad[form], text) if form in bad else (0, "")
        for form, text in zip(forms, strings, strict=True)
    ]
    valid = np.array([form not in bad for form in forms], dtype=bool)
    rows = measured.reindex(forms).reset_index(drop=True)
    head = pd.DataFrame(
        {
            "expression": list(strings),
            "valid": valid,
            "reason": rows.pop("reason").where(valid, pd.Series([text for _, text in why], dtype=object)),
            "position": pd.Series([place for place, _ in why], dtype="Int64").mask(valid),
            "canonical": [form if ok else None for form, ok in zip(forms, valid, strict=True)],
        }
    )
    return head.join(rows)


def numbers(
    items: pd.DataFrame, train: Sequence[str] | None = None, grammar: Grammar | None = None
) -> Numbers:
    """What can be said of a table of expressions beyond shares of strings; None where there is no score.

    unique_equal: kinds of valid expressions / valid ones, a kind being all that are equal (see `equality`)
    novel_equal: the share of kinds that hold no expression of `train`; None without it
    defined: the share of all items with a value at x = 0
    undefined_everywhere: the share of valid items without a value at any point
    best: the lowest score, and best_mse, the lowest mean squared error, of a valid expression
    equal_proved, equal_unconfirmed: of the distinct expressions that equal an earlier one, how many SymPy proves to
        be equal and how many it could not decide, where it was asked
    """
    valid = items[items["valid"].astype(bool)]
    found: Numbers = {
        "unique_equal": valid["equal_to"].nunique() / len(valid) if len(valid) else None,
        "novel_equal": novel(valid["equal_to"].unique().tolist(), train, grammar)
        if train is not None
        else None,
        "defined": _number(items["at_zero"].notna().mean()),
        "undefined_everywhere": _number((valid["reason"] == UNDEFINED).mean()),
        "best": _number(valid["score"].min()),
        "best_mse": _number(valid["mse"].min()),
    }
    verdicts = valid.drop_duplicates("canonical")["equality"].value_counts()
    if PROVED in verdicts or DOUBTED in verdicts:
        found |= {f"equal_{name}": int(verdicts.get(name, 0)) for name in (PROVED, DOUBTED)}
    return found


def novel(kinds: Sequence[str], train: Sequence[str], grammar: Grammar | None = None) -> float | None:
    """The share of canonical expressions, no two of them equal, that equal none of `train`; None of none."""
    grammar = grammar or standard()
    seen = dict.fromkeys(form for form in canonical(train, grammar) if form is not None)
    fresh = [form for form in kinds if form not in seen]
    first = alike([*seen, *fresh], grammar)[len(seen) :]
    return float((first >= len(seen)).sum() / len(kinds)) if kinds else None


def _parsed(
    forms: list[str], grammar: Grammar
) -> tuple[np.ndarray, np.ndarray, list[tuple[int, ParseError]]]:
    from grammar_rae.parsing import parse_known

    return parse_known(grammar, forms)


def _measured(
    forms: list[str], x: np.ndarray, truth: Truth, grammar: Grammar, seconds: float
) -> pd.DataFrame:
    """One row a distinct valid expression, by its form: reason, equal_to, equality and the numbers of `table`."""
    from grammar_rae.evaluators.shape import depths, steps

    programs = [program(row, grammar) for row in x]
    points = np.append(truth.points, 0.0)
    reasons, measures = [], np.empty((len(forms), 3))
    for item, each in enumerate(programs):
        found = run(each, points)
        measures[item] = _score(found[:-1], truth.values), _mse(found[:-1], truth.values), found[-1]
        reasons.append("" if np.isfinite(found[:-1]).any() else UNDEFINED)
    measures[~np.isfinite(measures)] = np.nan
    first, how = _equal(programs, seconds)
    return pd.DataFrame(
        {
            "reason": pd.Series(reasons, dtype=object),
            "equal_to": pd.Series([forms[place] for place in first], dtype=object),
            "equality": pd.Series(how, dtype=object),
            "score": measures[:, 0],
            "mse": measures[:, 1],
            "at_zero": measures[:, 2],
            "steps": steps(x, grammar).astype(float),
            "depth": depths(x, grammar).astype(float),
        }
    ).set_index(pd.Index(forms, dtype=object))


def _equal(programs: list[Program], seconds: float) -> tuple[list[int], list[str]]:
    """The first program that each equals, and how that is known; SymPy is asked for so many seconds."""
    first = classes(programs).tolist()
    how = [VALUES if place < item else "" for item, place in enumerate(first)]
    later = [item for item, word in enumerate(how) if word]
    if seconds > 0:
        answers = confirm([(programs[item], programs[first[item]]) for item in later], seconds)
        for item, answer in zip(later, answers, strict=True):
            if answer is False:
                first[item] = item
            how[item] = {True: PROVED, False: "", None: DOUBTED}[answer]
    return first, how


def _compared(
    strings: Sequence[str],
    target: str | Truth,
    grammar: Grammar | None,
    floor: bool,
    measure: Callable[[np.ndarray, np.ndarray], float],
) -> np.ndarray:
    grammar = grammar or standard()
    truth = truth_of(target, grammar) if isinstance(target, str) else target
    x, known, _ = _parsed([_form(text) for text in strings], grammar)
    found = np.full(len(strings), np.nan)
    for item, row in zip(known, x, strict=True):
        found[item] = measure(run(program(row, grammar), truth.points, floor), truth.values)
    return found


def _mse(values: np.ndarray, wanted: np.ndarray) -> float:
    with np.errstate(all="ignore"):
        error = np.mean((values - wanted) ** 2)
    return float(error) if np.isfinite(error) else float("nan")


def _score(values: np.ndarray, wanted: np.ndarray) -> float:
    with np.errstate(all="ignore"):
        error = np.minimum((values - wanted) ** 2, CAP).mean()
    return float(np.log1p(error)) if np.isfinite(error) else WORST


def _form(text: str) -> str:
    return "".join(text.split())


def _located(error: ParseError, text: str) -> tuple[int, str]:
    """Where a string is wrong, as it was given with its blanks, and why, in one line."""
    from grammar_rae.explaining import excerpt

    places = [place for place, character in enumerate(text) if not character.isspace()]
    place = places[error.position] if error.position < len(places) else len(text.rstrip())
    found, _, rest = brief(error).partition(" at position ")
    return place, f"{found} at position {place} of «{excerpt(text, place)[0]}»; {rest.rpartition('»; ')[2]}"


def brief(error: Exception) -> str:
    """The first line of a parse error, without the number of its item."""
    return re.sub(r"^item \d+: ", "", str(error).splitlines()[0])


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
