"""models, recipes, datasets: what there is."""

from __future__ import annotations

import typer

from grammar_rae.cli.output import show_frame

Json = typer.Option(False, "--json", help="Print JSON.")


def models(json: bool = Json) -> None:
    """The pretrained models that come with the package."""
    from grammar_rae.listing import models as found

    show_frame(found(), json)


def recipes(json: bool = Json) -> None:
    """The recipes that `train` takes by name."""
    from grammar_rae.listing import recipe_table

    show_frame(recipe_table(), json)


def datasets(json: bool = Json) -> None:
    """The data sets that have a name."""
    from grammar_rae.listing import data_sets

    show_frame(data_sets(), json)
