"""What a user sets of functions and classes, read off their signatures."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from grammar_rae.errors import RecipeError, excerpt, nearest


def settings_of(*takers: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """What a user sets of functions or classes: their keyword-only parameters."""
    parameters = (p for taker in takers for p in inspect.signature(taker, eval_str=True).parameters.values())
    return {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY}


def arguments(given: Mapping[str, Any], where: str, *takers: Callable[..., Any]) -> dict[str, Any]:
    """Every setting of `takers`: what is `given`, as the annotated type, and the defaults of the rest.

    RecipeError, with `where` it stands, for a setting that none of them takes, that is missing or of another type.
    """
    from pydantic import ConfigDict, ValidationError, create_model

    parameters = settings_of(*takers)
    for name in given:
        if name not in parameters:
            raise RecipeError(f"{where} has no setting {name}; {nearest(name, parameters, 'it takes')}")
    fields: dict[str, Any] = {
        name: (p.annotation, ... if p.default is p.empty else p.default) for name, p in parameters.items()
    }
    try:
        model = create_model("Settings", __config__=ConfigDict(allow_inf_nan=False), **fields)
        return model.model_validate(dict(given)).model_dump()
    except ValidationError as error:
        found = error.errors()
        setting, *inside = found[0]["loc"]
        if found[0]["type"] == "missing":
            raise RecipeError(f"{where} needs {setting}") from error
        places = [str(part) for part in inside if isinstance(part, int)]  # the rest are kinds of a union
        wanted = dict.fromkeys(fault["msg"] for fault in found if fault["loc"][0] == setting)
        expected = ", or ".join(wanted).replace(", or Input should be", ", or")
        value = excerpt(repr(found[0]["input"]))[0]
        raise RecipeError(
            f"{where}: {'.'.join([str(setting), *places])}: {expected}, given {value}"
        ) from error
