"""The recipes that come with the package, one TOML file an experiment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from grammar_rae.errors import RecipeError, nearest, shown_name
from grammar_rae.recipes.schema import OWN, Recipe
from grammar_rae.recipes.toml import read

FOLDER = Path(__file__).parent


class ShippedRecipe(NamedTuple):
    """A row of the table of recipes."""

    recipe: str
    variant: str
    data: str
    epochs: int
    about: str

    @property
    def names_data(self) -> bool:
        """Whether it says what it trains on, as `grae-zinc` does; `grae` is for the user's own data."""
        return self.data != OWN


def names() -> list[str]:
    """Every recipe of the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def rows() -> list[ShippedRecipe]:
    """Every recipe of the package, in the order of their names."""
    return [_row(name) for name in names()]


def _row(name: str) -> ShippedRecipe:
    recipe = read(FOLDER / f"{name}.toml")
    return ShippedRecipe(
        name, recipe.objective.variant, recipe.data.name, recipe.training.epochs, recipe.about
    )


def find(name: str | Path, overrides: tuple[str, ...] = ()) -> Recipe:
    """A recipe by name, or from a file ending in .toml, with every setting. RecipeError with the nearest known name."""
    from grammar_rae.recipes.parts import complete

    path = FOLDER / f"{name}.toml"
    if not os.path.isfile(path):
        if not str(name).endswith(".toml"):
            raise RecipeError(f"no recipe is called {shown_name(name)}; {nearest(str(name), names())}")
        path = Path(name)
    return complete(read(path, overrides))
