"""What there is: shipped models, recipes and data sets, as tables."""

from __future__ import annotations

import pandas as pd

from grammar_rae import recipes, runs
from grammar_rae.catalogue import DATASETS
from grammar_rae.recipe import read


def models() -> pd.DataFrame:
    """The pretrained models that come with the package."""
    rows = []
    for name in runs.names():
        recipe = read(runs.PRETRAINED / name / "recipe.toml")
        size = (runs.PRETRAINED / name / "weights.safetensors").stat().st_size
        rows.append((name, recipe.task, recipe.encoder.latent, round(size / 1e6, 2), recipe.about))
    return pd.DataFrame(rows, columns=["model", "task", "latent", "megabytes", "about"]).set_index("model")


def recipe_table() -> pd.DataFrame:
    """The recipes that come with the package."""
    all_of_them = [(name, read(recipes.FOLDER / f"{name}.toml")) for name in recipes.names()]
    rows = [(name, r.objective.variant, r.data.name, r.training.epochs, r.about) for name, r in all_of_them]
    return pd.DataFrame(rows, columns=["recipe", "variant", "data", "epochs", "about"]).set_index("recipe")


def data_sets() -> pd.DataFrame:
    """The named data sets, by what they hold."""
    rows = [(name, dataset.about) for name, dataset in DATASETS.items()]
    return pd.DataFrame(rows, columns=["dataset", "about"]).set_index("dataset")
