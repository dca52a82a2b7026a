"""Which kind of data items are: by name, by a grammar, or by looking at them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grammar_rae.catalogue import TASKS, look_up
from grammar_rae.errors import DataError, excerpt, nearest, option
from grammar_rae.files.images import are_images, of_images
from grammar_rae.files.layout import LOOKED_AT
from grammar_rae.tasks.strings import UNKNOWN
from grammar_rae.tasks.text import TEXT

if TYPE_CHECKING:
    from grammar_rae.grammar.grammar import Grammar
    from grammar_rae.tasks.task import ItemFile, Task


def named(name: str, grammar: Grammar | None = None) -> Task:
    """The kind of that name, its strings derived by a grammar if any. RecipeError where there is none."""
    task: Task = look_up(TASKS, name, "task")
    return task.derived_by(grammar)


def task_for(task: str | Path | Grammar | Task | None, items: Sequence[Any], kind: str | None = None) -> Task:
    """A kind itself, by name, by a grammar or its file (valid = derived by it), or else the `kind` that the place of
    the strings says, or by looking at them.

    `strings` without a grammar takes every string that is not empty as valid; of strings that look like nothing known
    no share is, and one warning says so. DataError where there is no such kind.
    """
    from grammar_rae.grammar.grammar import Grammar

    if task is None:
        if are_images(items):
            return named("images")
        return _recognised(items) if kind is None else named(kind)
    if isinstance(task, str | Path):
        return _called(str(task))
    return named("strings", task) if isinstance(task, Grammar) else task


def _recognised(items: Sequence[Any]) -> Task:
    """The kind of strings that nobody named."""
    from grammar_rae.datasets import recognise
    from grammar_rae.datasets.looks import lookalike

    strings = [text for text in items if text]
    kind = recognise(strings)
    kind = (lookalike(strings) or kind) if kind == "strings" else kind
    if kind != "strings" or not strings:
        return named(kind)
    warnings.warn(
        f"{len(items):,} strings of no known kind, the first: «{excerpt(strings[0])[0]}»: none is called valid; "
        f"say what they are with {option('task')}: {', '.join(TASKS)}, or a grammar",
        stacklevel=4,
    )
    return UNKNOWN


def require(task: Task, name: str, otherwise: str) -> None:
    """DataError with the words `otherwise` where items are of another kind than the one named."""
    if task.name != name:
        raise DataError(otherwise)


def read_file(path: str, task: str | Task | None = None, column: str | None = None) -> tuple[Task, ItemFile]:
    """The kind of a file's items, and the items. Unless it is named, a file or folder of images holds these, and any
    other strings, whose suffix or the name of whose column may say of which kind. DataError as `Medium.read`.
    """
    if task is None and of_images(path):
        task = named("images")
    items = (TEXT if task is None else task_for(task, []).medium).read(path, column)
    if task is None and items.kind is not None:
        _say_otherwise(path, items)
    return task_for(task, items.values, items.kind), items


def _say_otherwise(path: str, items: ItemFile) -> None:
    """One warning where strings look like another kind than the one that the file's name or column says."""
    from grammar_rae.datasets.looks import lookalike

    looks = lookalike(items.values[:LOOKED_AT])
    if looks not in (None, items.kind):
        warnings.warn(
            f"{path}: {items.kind}, by its suffix or its column's name; its strings look like {looks}: "
            f"{option('task')} {looks} takes them for these",
            stacklevel=3,
        )


def _called(name: str) -> Task:
    if name in TASKS:
        return named(name)
    if name.endswith(".cfg"):
        from grammar_rae.grammar.grammar import Grammar

        return named("strings", Grammar.read(name))
    raise DataError(f"no task {excerpt(name)[0]!r}; {nearest(name, TASKS)}; or give a grammar file (.cfg)")
