"""A model's card: what it is, where its weights come from, and what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from grammar_rae.model.model import Model


def card(model: Model, lines: Sequence[str]) -> str:
    """Markdown, the `lines` of an assessment under the recipe's name and words."""
    return "\n".join([f"# {model.recipe.name}", "", model.recipe.about, "", *lines, ""])


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


def row(*cells: str) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |"


def percent(share: float | None) -> str:
    """A share from 0 to 1, «–» where there is none."""
    return "–" if share is None else f"{100 * share:.2f} %"
