"""Any density of the catalogue fitted by its kind; names and settings that do not exist are refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from torch import Tensor

from grammar_rae.catalogue import DENSITIES, look_up
from grammar_rae.densities.density import Density
from grammar_rae.errors import RecipeError, excerpt, option
from grammar_rae.limits.ranges import within
from grammar_rae.progress import Report
from grammar_rae.signatures import arguments

COUNTS = ("components", "width", "layers", "blocks", "steps", "epochs", "iterations", "at_most", "batch")

LONGEST = 100  # bytes of a name


def fit_density(kind: str, z: Tensor, seed: int, report: Report, settings: dict[str, Any]) -> Density:
    """The density on codes z (n, D). RecipeError as `check`, DataError for codes that cannot be fitted."""
    fit, *_ = look_up(DENSITIES, kind, "density")
    density: Density = fit(z, seed, report, **_checked(kind, settings, fit))
    return density


def check(kind: str, settings: dict[str, Any]) -> None:
    """RecipeError for a kind or a setting that there is not."""
    fit, *_ = look_up(DENSITIES, kind, "density")
    _checked(kind, settings, fit)


def _checked(kind: str, settings: dict[str, Any], fit: Callable[..., Density]) -> dict[str, Any]:
    """All settings of a kind, those that are counts in range. RecipeError or DataError."""
    complete = arguments(settings, kind, fit)
    within(**{name: complete[name] for name in COUNTS if name in complete})
    return complete


def named(name: str, kind: str) -> str:
    """`name` as it is, where a density of that kind can be called so: it becomes a file's. RecipeError."""
    if not re.fullmatch(r"[A-Za-z0-9][\w-]*", name) or len(name.encode()) > LONGEST:
        raise RecipeError(
            f"a density called {excerpt(name)[0]!r}; expected letters, digits, - and _, {LONGEST} bytes at most"
        )
    if name == "prior" or (name in DENSITIES and name != kind):
        raise RecipeError(
            f"a {kind} called {name}; that is the name of another density, give {option('name')} another"
        )
    return name
