"""models, recipes, datasets: what there is."""

from __future__ import annotations

import typer

from grammar_rae.cli.output import show_table

Json = typer.Option(False, "--json", help="Print JSON.")


def models(json: bool = Json) -> None:
    """The pretrained models that come with the package."""
    from grammar_rae.runs.shipped import ShippedModel, rows

    show_table(ShippedModel._fields, rows(), json)


def recipes(json: bool = Json) -> None:
    """The recipes that `train` takes by name."""
    from grammar_rae.recipes import ShippedRecipe, rows

    show_table(ShippedRecipe._fields, rows(), json)


def datasets(json: bool = Json) -> None:
    """The data sets that have a name."""
    from grammar_rae.catalogue import DATASETS

    show_table(("dataset", "about"), [(name, dataset.about) for name, dataset in DATASETS.items()], json)
