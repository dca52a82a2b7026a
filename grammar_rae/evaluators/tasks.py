"""What the evaluators know of each task: how to tell a string is valid and what to measure on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from grammar_rae.datasets import canonicals, recognise
from grammar_rae.errors import DataError
from grammar_rae.evaluators import expressions, molecules

if TYPE_CHECKING:
    from grammar_rae.grammar import Grammar


@dataclass(frozen=True)
class Task:
    """`table(strings)` has valid, reason, canonical and the `properties`; `canonical` gives the forms."""

    name: str
    table: Callable[[Sequence[str]], pd.DataFrame]
    canonical: Callable[[Sequence[str]], list[str | None]]
    properties: tuple[str, ...]


def _expression_forms(strings: Sequence[str]) -> list[str | None]:
    _, why = expressions.parse(strings)
    return [None if item in why else text.replace(" ", "") for item, text in enumerate(strings)]


TASKS = {
    "molecules": Task("molecules", molecules.table, canonicals, molecules.COLUMNS),
    "expressions": Task("expressions", expressions.table, _expression_forms, ("score", "steps")),
}


def task_for(task: str | Path | Grammar | None, strings: Sequence[str]) -> Task:
    """A task by name, by a grammar or its file (valid = derived by it), or by looking at the strings.

    `strings` without a grammar takes every string that is not empty as valid.
    """
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
            from grammar_rae.parsing import derivations

            for item, error in derivations(grammar, strings, errors="return")[1]:
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

    return Task("strings", table, canonical, ("length",))
