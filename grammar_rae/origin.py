"""Where a model's weights come from, and in what words its card says so."""

from __future__ import annotations

import json
from pathlib import Path

from grammar_rae.model import Model
from grammar_rae.recipe import read


def ancestry(folder: Path) -> dict[str, str]:
    """Metrics of a run that starts from the weights of a run folder: its recipe, and all epochs behind them."""
    stored = folder / "metrics.json"
    metrics = json.loads(stored.read_text()) if stored.is_file() else {}
    name = read(folder / "recipe.toml").name
    before = f"{metrics['trained_before']}, " if "trained_before" in metrics else ""
    return {"started_from": name, "trained_before": f"{before}{metrics.get('epochs', '?')} epochs of {name}"}


def origin(model: Model, items: str) -> str:
    """One paragraph: the command, the data (so many `items`), the epochs, those before, and the size."""
    recipe, metrics = model.recipe, model.run.metrics
    begun = f" --from {metrics['started_from']}" if "started_from" in metrics else ""
    before = f" (after {metrics['trained_before']})" if "trained_before" in metrics else ""
    size = sum(p.numel() for p in model.run.autoencoder.parameters())
    return (
        f"Trained by `grammar-rae train {recipe.name}{begun}` on `{recipe.data.name}`: "
        f"{metrics.get('train_items', 0):,} {items}, {metrics.get('epochs', '?')} epochs{before}, best validation loss "
        f"{metrics.get('best_valid_loss', 0):.4f}. {size:,} parameters, codes of {model.latent} numbers."
    )
