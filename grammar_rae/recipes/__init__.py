"""The recipes that come with the package, one TOML file an experiment."""

from __future__ import annotations

from pathlib import Path

from grammar_rae.errors import RecipeError, nearest
from grammar_rae.recipe import Recipe, read

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Every recipe of the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def find(name: str | Path, overrides: tuple[str, ...] = ()) -> Recipe:
    """A recipe by name, or from a file ending in .toml. RecipeError with the nearest known name."""
    if (FOLDER / f"{name}.toml").is_file():
        return read(FOLDER / f"{name}.toml", overrides)
    if str(name).endswith(".toml"):
        return read(Path(name), overrides)
    raise RecipeError(f"no recipe is called {name}; {nearest(str(name), names())}")
