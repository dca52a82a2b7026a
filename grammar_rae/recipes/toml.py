"""Recipes read from TOML with overrides, written back, and refused in one line."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from grammar_rae.errors import RecipeError, excerpt, nearest, one_line, option, shown_name
from grammar_rae.recipes.schema import Recipe

SHIPPED = Path(__file__).parent
LARGEST = 2**20  # bytes of a recipe


def parse(
    text: str, source: str = "recipe", overrides: tuple[str, ...] = (), folder: Path = SHIPPED
) -> Recipe:
    """A recipe from TOML called `source`, `key.path=value` overrides applied.

    The recipes it `extends`, in the folder or shipped, are read first, in their order. A later one's keys replace an
    earlier one's, the weights of the objective all together. RecipeError names the key and the nearest known; settings
    of nets are checked by `recipes.parts.complete`.
    """
    table = _extended(_table(text, source), source, folder, ())
    for override in overrides:
        _override(table, override)
    try:
        return Recipe.model_validate(table)
    except ValidationError as error:
        raise RecipeError(f"{source}: {_explain(error)}") from error


def read(path: Path, overrides: tuple[str, ...] = ()) -> Recipe:
    """`parse` of a file. RecipeError also where it cannot be read."""
    return parse(_text(path), str(path), overrides, path.parent)


def write(recipe: Recipe) -> str:
    """TOML that `parse` reads back as the same recipe."""
    empty = set() if recipe.prior.settings else {"prior"}
    return tomli_w.dumps(recipe.model_dump(exclude_none=True, exclude=empty))


def _text(path: Path) -> str:
    if not os.path.isfile(path):
        raise RecipeError(f"the recipe {shown_name(path)} cannot be read: no such file")
    try:
        if os.path.getsize(path) > LARGEST:
            raise RecipeError(f"{path}: more than {LARGEST:,} bytes; expected a recipe")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"the recipe {shown_name(path)} cannot be read: {one_line(error)}") from error


def _table(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"{source} is not TOML: {one_line(error)}") from error


def _extended(table: dict[str, Any], source: str, folder: Path, above: tuple[str, ...]) -> dict[str, Any]:
    """A table laid over those it extends; `above` are the recipes that extend it."""
    if source in above:
        raise RecipeError(f"{source} extends itself, through {', '.join(Path(name).stem for name in above)}")
    stated, merged = table.pop("extends", []), dict[str, Any]()
    names = [stated] if isinstance(stated, str) else stated
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RecipeError(
            f"{source} extends {excerpt(repr(stated))[0]}; expected the name of a recipe, or several"
        )
    for name in names:
        paths = [place / f"{name}.toml" for place in (folder, SHIPPED)]
        path = next((path for path in paths if os.path.isfile(path)), None)
        if path is None:
            raise RecipeError(f"{source} extends {excerpt(name)[0]}, which is neither beside it nor shipped")
        under = _table(_text(path), str(path))
        _lay(merged, _extended(under, str(path), path.parent, (*above, source)))
    _lay(merged, table)
    return merged


def _lay(under: dict[str, Any], over: dict[str, Any]) -> None:
    """The keys of `over` into `under`, section by section."""
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(under.get(key), dict):
            under[key] = {**under[key], **value}
        else:
            under[key] = value


def assignment(text: str, example: str) -> tuple[str, Any]:
    """Key and value of `key=value`, the value as TOML has it, or else a string. RecipeError shows the example."""
    path, equals, value = text.partition("=")
    if not equals or not re.fullmatch(r"\w+(\.\w+)*", path.strip()):
        raise RecipeError(
            f"{option('overrides', '--set')} {excerpt(text)[0]}: expected key=value, such as {example}"
        )
    try:
        return path.strip(), tomllib.loads(f"v = {value}")["v"]
    except (ValueError, RecursionError):
        return path.strip(), value


def _override(table: dict[str, Any], override: str) -> None:
    path, value = assignment(override, "training.epochs=3")
    *parents, leaf = path.split(".")
    for parent in parents:
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise RecipeError(
                f"{option('overrides', '--set')} {override}: {parent} is a value, not a section"
            )
    table[leaf] = value


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    where = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        return f"unknown key {'.'.join(where)}; {nearest(where[-1], _keys(where[:-1]))}"
    if first["type"] == "value_error":  # a name that the catalogue does not know
        return f"{'.'.join(where)}: {first['ctx']['error']}"
    given = first.get("input")
    shown = "" if isinstance(given, dict) else f", given {excerpt(repr(given))[0]}"
    return f"{'.'.join(where)}: {first['msg']}{shown}"


def _keys(path: list[str]) -> list[str]:
    model: Any = Recipe
    for name in path:
        model = model.model_fields[name].annotation
    return list(model.model_fields)
