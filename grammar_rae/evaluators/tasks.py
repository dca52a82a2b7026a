"""What the evaluators know of each task: how to tell a string is valid and what to measure on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from grammar_rae.datasets import canonicals, recognise
from grammar_rae.errors import DataError
from grammar_rae.evaluators import expression_table, expressions, molecules
from grammar_rae.evaluators.metrics import EXPRESSION_PROPERTIES, MOLECULE_PROPERTIES, STRING_PROPERTIES
from grammar_rae.evaluators.truth import Target, read_points, target_of

if TYPE_CHECKING:
    from grammar_rae.grammar import Grammar


Numbers = dict[str, float | None]


@dataclass(frozen=True)
class Task:
    """`table(strings)` has valid, reason, canonical and the `properties`; `canonical` gives the forms.

    `numbers(table, training strings or None)` are the task's own metrics beyond shares and means. Expressions are
    compared with a `truth`, the published target where it is None; `target` says with what.
    """

    name: str
    table: Callable[[Sequence[str]], pd.DataFrame]
    canonical: Callable[[Sequence[str]], list[str | None]]
    properties: tuple[str, ...]
    numbers: Callable[[pd.DataFrame, Sequence[str] | None], Numbers] = lambda items, train: {}
    truth: Target | None = None
    target: str = expressions.TARGET


def arithmetic(
    task: str | Path | Grammar | None = None,
    target: str | None = None,
    data: str | Path | None = None,
    seconds: float = 0.0,
) -> Task:
    """Expressions by `equation.cfg` or a grammar of its shapes, scored against a target or the points of a CSV file.

    SymPy is asked for up to so many `seconds` whether those that seem equal are. DataError as `target_of` and
    `read_points`, where both a target and points are given, and for a task that is no arithmetic.
    """
    from grammar_rae.grammar import Grammar

    if isinstance(task, str | Path) and str(task) in {"molecules", "strings"}:
        raise DataError(f"a target, points or SymPy's opinion are for expressions; the task is {task}")
    if target is not None and data is not None:
        raise DataError(f"both a target, {target}, and points, {data}; expected one of them")
    name = "equation.cfg" if task in (None, "expressions") else task
    rules = name if isinstance(name, Grammar) else Grammar.read(str(name))
    truth = read_points(data) if data is not None else target_of(target or expressions.TARGET, rules)
    return Task(
        "expressions",
        partial(expression_table.table, target=truth, grammar=rules, seconds=seconds),
        partial(expressions.canonical, grammar=rules),
        EXPRESSION_PROPERTIES,
        partial(expression_table.numbers, grammar=rules),
        truth,
        target or (expressions.TARGET if data is None else f"the points of {data}"),
    )


TASKS = {
    "molecules": Task("molecules", molecules.table, canonicals, MOLECULE_PROPERTIES),
    "expressions": Task(
        "expressions",
        expression_table.table,
        expressions.canonical,
        EXPRESSION_PROPERTIES,
        expression_table.numbers,
    ),
}


def task_for(task: str | Path | Grammar | Task | None, strings: Sequence[str]) -> Task:
    """A task itself, by name, by a grammar or its file (valid = derived by it), or by looking at the strings.

    `strings` without a grammar takes every string that is not empty as valid.
    """
    if isinstance(task, Task):
        return task
    if task is not None and not isinstance(task, str | Path):
        return derived(task)
    name = recognise(strings) if task is None else str(task)
    if name in TASKS:
        return TASKS[name]
    if name == "strings":
        return derived(None)
    if name.endswith(".cfg"):
        from grammar_rae.grammar import Grammar

        return derived(Grammar.read(name))
    raise DataError(f"no task {name!r}; there are {', '.join(TASKS)}, strings, or a grammar file (.cfg)")


def derived(grammar: Grammar | None) -> Task:
    """The task of strings that a grammar derives; without a grammar, of any string that is not empty."""

    def reasons(strings: Sequence[str]) -> list[str]:
        found = ["" if text else "empty" for text in strings]
        if grammar is not None and strings:
            from grammar_rae.parsing import parse_known

            for item, error in parse_known(grammar, strings)[2]:
                found[item] = found[item] or expressions.brief(error)
        return found

    def canonical(strings: Sequence[str]) -> list[str | None]:
        return [None if why else text for text, why in zip(strings, reasons(strings), strict=True)]

    def table(strings: Sequence[str]) -> pd.DataFrame:
        why = reasons(strings)
        return pd.DataFrame(
            {
                "string": list(strings),
                "valid": [not reason for reason in why],
                "reason": why,
                "canonical": [None if reason else text for text, reason in zip(strings, why, strict=True)],
                "length": [
                    float("nan") if reason else float(len(text))
                    for text, reason in zip(strings, why, strict=True)
                ],
            }
        )

    return Task("strings", table, canonical, STRING_PROPERTIES)
