"""models, recipes, datasets: what there is, a line each, narrowed to what has some words in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import typer

from grammar_rae.cli.output import show_groups, show_json
from grammar_rae.errors import DataError, nearest

Json = typer.Option(False, "--json", help="Print JSON.")
Words = typer.Argument(
    None, help="Only those that have all of these words in their names, or else in what is said of them."
)
Row = TypeVar("Row", bound=tuple[Any, ...])  # a name first, what is said of it last


def models(words: list[str] = Words, json: bool = Json) -> None:
    """The pretrained models that come with the package."""
    from grammar_rae.runs.shipped import ShippedModel, rows

    found = _having(words, rows(), "model")
    if json:
        show_json(ShippedModel._fields, found)
        return
    columns = ("model", "latent", "megabytes", "about")
    show_groups(columns, _grouped((row.task, (row.model, *row[2:])) for row in found))


def recipes(words: list[str] = Words, json: bool = Json) -> None:
    """The recipes that `train` takes by name."""
    from grammar_rae.recipes import ShippedRecipe, rows

    found = _having(words, rows(), "recipe")
    if json:
        show_json(ShippedRecipe._fields, found)
        return
    lines = [(row.data if row.names_data else "your own data", (row.recipe, *row[3:])) for row in found]
    show_groups(("recipe", "epochs", "about"), _grouped(lines))


def datasets(words: list[str] = Words, json: bool = Json) -> None:
    """The data sets that have a name."""
    from grammar_rae.catalogue import DATASETS

    columns = ("dataset", "about")
    found = _having(words, [(name, dataset.about) for name, dataset in DATASETS.items()], "data set")
    if json:
        show_json(columns, found)
    else:
        show_groups(columns, {"": found})


def _having(words: Sequence[str] | None, rows: Sequence[Row], what: str) -> list[Row]:
    """The rows with all of the words in their cells but the last; where there are none, in all of them.

    DataError where there are none either.
    """
    wanted = [word.lower() for word in words or ()]
    for end in (-1, None):
        found = [
            row
            for row in rows
            if all(any(word in str(cell).lower() for cell in row[:end]) for word in wanted)
        ]
        if found:
            return found
    raise DataError(
        f"no {what} has {' and '.join(words or ())} in its name or about it; "
        f"{nearest(wanted[0], [str(row[0]) for row in rows])}"
    )


def _grouped(lines: Iterable[tuple[str, tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """Rows by their headings, in the order in which these come first."""
    groups: dict[str, list[tuple[Any, ...]]] = {}
    for heading, row in lines:
        groups.setdefault(heading, []).append(row)
    return groups
