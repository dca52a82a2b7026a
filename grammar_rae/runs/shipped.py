"""The models that come with the package: their folders and, without loading any, a table of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from grammar_rae.recipes.toml import read

if TYPE_CHECKING:
    import pandas as pd

PRETRAINED = Path(__file__).parents[1] / "pretrained"


class ShippedModel(NamedTuple):
    """A row of the table."""

    model: str
    task: str
    latent: int
    megabytes: float  # of its weights
    about: str


def is_shipped(folder: Path) -> bool:
    """Whether a run folder comes with the package, and is left as it is."""
    return PRETRAINED.resolve() in folder.resolve().parents


def names() -> list[str]:
    """The shipped models."""
    return sorted(path.parent.name for path in PRETRAINED.glob("*/weights.safetensors"))


def rows() -> list[ShippedModel]:
    """Every shipped model, from its recipe and the size of its file of weights."""
    return [_row(PRETRAINED / name) for name in names()]


def models() -> pd.DataFrame:
    """The pretrained models that come with the package, `rows` as a table with their names as index."""
    import pandas as pd

    return pd.DataFrame(rows(), columns=ShippedModel._fields).set_index("model")


def _row(folder: Path) -> ShippedModel:
    recipe = read(folder / "recipe.toml")
    size = (folder / "weights.safetensors").stat().st_size
    return ShippedModel(folder.name, recipe.task, recipe.encoder.latent, round(size / 1e6, 2), recipe.about)
