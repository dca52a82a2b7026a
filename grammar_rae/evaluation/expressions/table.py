"""Expressions as a table, one row each, and what can be said of them all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from grammar_rae.errors import ParseError, brief, unexpected
from grammar_rae.evaluation.expressions.equality import classes
from grammar_rae.evaluation.expressions.programs import Program, program, run
from grammar_rae.evaluation.expressions.scores import (
    TARGET,
    alike,
    canonical_expressions,
    log_mse,
    mean_squared_error,
    standard,
    without_blanks,
)
from grammar_rae.evaluation.expressions.symbolic import confirm
from grammar_rae.evaluation.expressions.target import Target, target_of
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.parser import parse_known
from grammar_rae.grammar.shape import depths, steps

UNDEFINED = "undefined everywhere"
VALUES, PROVED, DOUBTED = "values", "proved", "unconfirmed"  # how an expression is known to equal another

Numbers = dict[str, float | None]


def expression_table(
    strings: Sequence[str],
    target: str | Target = TARGET,
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
    compared = target_of(target, grammar) if isinstance(target, str) else target
    forms = [without_blanks(text) for text in strings]
    distinct = list(dict.fromkeys(forms))
    x, known, errors = parse_known(grammar, distinct)
    problems = {distinct[item]: error for item, error in errors}
    rows = _measured([distinct[item] for item in known], x, compared, grammar, seconds).reindex(forms)
    rows = rows.reset_index(drop=True)
    faults = [
        _located(problems[form], text) if form in problems else (0, "")
        for form, text in zip(forms, strings, strict=True)
    ]
    valid = np.array([form not in problems for form in forms], dtype=bool)
    head = pd.DataFrame(
        {
            "expression": list(strings),
            "valid": valid,
            "reason": rows.pop("reason").where(valid, pd.Series([why for _, why in faults], dtype=object)),
            "position": pd.Series([place for place, _ in faults], dtype="Int64").mask(valid),
            "canonical": [form if ok else None for form, ok in zip(forms, valid, strict=True)],
        }
    )
    return head.join(rows)


def expression_metrics(
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
    numbers: Numbers = {
        "unique_equal": valid["equal_to"].nunique() / len(valid) if len(valid) else None,
        "novel_equal": novel_share(valid["equal_to"].unique().tolist(), train, grammar)
        if train is not None
        else None,
        "defined": _number(items["at_zero"].notna().mean()),
        "undefined_everywhere": _number((valid["reason"] == UNDEFINED).mean()),
        "best": _number(valid["score"].min()),
        "best_mse": _number(valid["mse"].min()),
    }
    verdicts = valid.drop_duplicates("canonical")["equality"].value_counts()
    if PROVED in verdicts or DOUBTED in verdicts:
        numbers |= {f"equal_{name}": int(verdicts.get(name, 0)) for name in (PROVED, DOUBTED)}
    return numbers


def novel_share(kinds: Sequence[str], train: Sequence[str], grammar: Grammar | None = None) -> float | None:
    """The share of canonical expressions, no two of them equal, that equal none of `train`; None of none."""
    grammar = grammar or standard()
    seen = dict.fromkeys(form for form in canonical_expressions(train, grammar) if form is not None)
    if not seen:
        return None
    fresh = [form for form in kinds if form not in seen]
    first = alike([*seen, *fresh], grammar)[len(seen) :]
    return float((first >= len(seen)).sum() / len(kinds)) if kinds else None


def _measured(
    forms: list[str], x: np.ndarray, target: Target, grammar: Grammar, seconds: float
) -> pd.DataFrame:
    """One row a distinct valid expression, by its form: the columns of `expression_table` from reason on."""
    programs = [program(row, grammar) for row in x]
    points = np.append(target.points, 0.0)
    reasons, measures = [], np.empty((len(forms), 3))
    for item, words in enumerate(programs):
        values, at_zero = np.split(run(words, points), [-1])
        measures[item] = log_mse(values, target.values), mean_squared_error(values, target.values), at_zero[0]
        reasons.append("" if np.isfinite(values).any() else UNDEFINED)
    measures[~np.isfinite(measures)] = np.nan
    equal_to, how = _equal(programs, seconds)
    return pd.DataFrame(
        {
            "reason": pd.Series(reasons, dtype=object),
            "equal_to": pd.Series([forms[place] for place in equal_to], dtype=object),
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


def _located(error: ParseError, text: str) -> tuple[int, str]:
    """Where a string is wrong, as it was given with its blanks, and why, in one line; too long it is from the start."""
    if not error.got:
        return error.position, brief(error)
    places = [place for place, character in enumerate(text) if not character.isspace()]
    place = places[error.position] if error.position < len(places) else len(text.rstrip())
    return place, unexpected(error.got, text, place, error.wants)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
