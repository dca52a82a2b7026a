"""Where a model's weights come from, and in what words its card says so."""

from __future__ import annotations

import json
from pathlib import Path

from grammar_rae.model import Model
from grammar_rae.recipe import read


def lineage(folder: Path) -> list[tuple[str, int | None]]:
    """(recipe, epochs) of every run behind the weights of a run folder, its own the last; epochs where known."""
    stored = folder / "metrics.json"
    metrics = json.loads(stored.read_text()) if stored.is_file() else {}
    return [*metrics.get("lineage", []), (read(folder / "recipe.toml").name, metrics.get("epochs"))]


def origin(model: Model, items: str) -> str:
    """One paragraph: the command, the data (so many `items`), the epochs, those before, and the size."""
    recipe, metrics = model.recipe, model.run.metrics
    earlier = metrics.get("lineage", [])
    begun = f" --from {earlier[-1][0]}" if earlier else ""
    before = ", then ".join(f"{epochs or '?'} of `{name}`" for name, epochs in earlier)
    size = sum(p.numel() for p in model.run.autoencoder.parameters())
    return (
        f"Trained by `grammar-rae train {recipe.name}{begun}` on `{recipe.data.name}`: "
        f"{metrics.get('train_items', 0):,} {items}, {metrics.get('epochs', '?')} epochs"
        f"{f' (before them {before})' if before else ''}, best validation loss "
        f"{metrics.get('best_valid_loss', 0):.4f}. {size:,} parameters, codes of {model.latent} numbers."
    )
