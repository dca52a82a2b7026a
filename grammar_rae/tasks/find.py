"""Which kind of data items are: by name, by a grammar, or by looking at them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grammar_rae.catalogue import TASKS, look_up
from grammar_rae.errors import DataError
from grammar_rae.files import tables
from grammar_rae.files.images import are_images
from grammar_rae.tasks.text import TEXT

if TYPE_CHECKING:
    from grammar_rae.grammar.grammar import Grammar
    from grammar_rae.tasks.task import ItemFile, Task

MOLECULES = (".smi", ".sdf")  # files of nothing else


def named(name: str, grammar: Grammar | None = None) -> Task:
    """The kind of that name, its strings derived by a grammar if any. RecipeError where there is none."""
    task: Task = look_up(TASKS, name, "task")
    return task.derived_by(grammar)


def task_for(task: str | Path | Grammar | Task | None, items: Sequence[Any]) -> Task:
    """A kind itself, by name, by a grammar or its file (valid = derived by it), or by looking at the strings.

    `strings` without a grammar takes every string that is not empty as valid. DataError where there is no such kind.
    """
    from grammar_rae.grammar.grammar import Grammar

    if task is None:
        if are_images(items):
            return named("images")
        from grammar_rae.datasets import recognise

        return named(recognise(items))
    if isinstance(task, str | Path):
        return _called(str(task))
    return named("strings", task) if isinstance(task, Grammar) else task


def require(task: Task, name: str, otherwise: str) -> None:
    """DataError with the words `otherwise` where items are of another kind than the one named."""
    if task.name != name:
        raise DataError(otherwise)


def read_file(path: str, task: str | Task | None = None, column: str | None = None) -> tuple[Task, ItemFile]:
    """The kind of a file's items, and the items. Unless it is named, a file holds strings; where these look like
    nothing known, its suffix may say that they are molecules. DataError as `Medium.read`.
    """
    items = (TEXT if task is None else task_for(task, []).medium).read(path, column)
    kind = task_for(task, items.values)
    if task is None and kind.name == "strings" and tables.kind(path) in MOLECULES:
        kind = named("molecules")
    return kind, items


def _called(name: str) -> Task:
    if name in TASKS:
        return named(name)
    if name.endswith(".cfg"):
        from grammar_rae.grammar.grammar import Grammar

        return named("strings", Grammar.read(name))
    raise DataError(f"no task {name!r}; there are {', '.join(TASKS)}, or a grammar file (.cfg)")
