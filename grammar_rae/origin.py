"""Where a model's weights come from, in the words of its card."""

from __future__ import annotations

from grammar_rae.model import Model


def origin(model: Model, items: str) -> str:
    """One paragraph: the command, the data (so many `items`), the epochs and the size."""
    recipe, metrics = model.recipe, model.run.metrics
    begun = f" --from {metrics['started_from']}" if "started_from" in metrics else ""
    size = sum(p.numel() for p in model.run.autoencoder.parameters())
    return (
        f"Trained by `grammar-rae train {recipe.name}{begun}` on `{recipe.data.name}`: "
        f"{metrics.get('train_items', 0):,} {items}, {metrics.get('epochs', '?')} epochs, best validation loss "
        f"{metrics.get('best_valid_loss', 0):.4f}. {size:,} parameters, codes of {model.latent} numbers."
    )
