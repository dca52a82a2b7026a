"""Expressions drawn as curves, one panel each."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from grammar_rae.errors import DataError
from grammar_rae.evaluators.expressions import GRID, parse, standard, values
from grammar_rae.evaluators.points import Points
from grammar_rae.files import write_bytes

WIDE, HIGH = 2.6, 2.2  # inches, of one panel


def curves(
    strings: Sequence[str],
    path: str | Path,
    titles: Sequence[str] | None = None,
    points: Points | None = None,
    columns: int = 5,
) -> int:
    """Draw the expressions that parse as a PNG, over the published grid or the range of the `points`, which are drawn
    too; how many were drawn. `titles`: one a string, under the expression.

    DataError where none parses or the picture cannot be written.
    """
    from matplotlib.figure import Figure

    x, why = parse(strings)
    shown = [item for item in range(len(strings)) if item not in why]
    if not shown:
        raise DataError(f"{path}: no picture, none of the {len(strings):,} strings is an expression")
    place = GRID if points is None else np.linspace(points.x.min(), points.x.max(), len(GRID))
    found = [values(x[item], standard(), place) for item in shown]
    low, high = _range(found if points is None else [points.y])
    across = min(columns, len(shown))
    down = -(-len(shown) // across)
    figure = Figure(figsize=(WIDE * across, HIGH * down), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).ravel()
    for panel, item, y in zip(panels, shown, found, strict=False):
        if points is not None:
            panel.plot(points.x, points.y, ".", color="0.6", markersize=4)
        panel.plot(place, np.where(np.isfinite(y), y, np.nan), linewidth=1.2)
        title = strings[item] if titles is None else f"{strings[item]}\n{titles[item]}"
        panel.set_title(title, fontsize=8, parse_math=False)
        panel.set_ylim(low, high)
        panel.tick_params(labelsize=7)
    for panel in panels[len(shown) :]:
        panel.set_axis_off()
    body = io.BytesIO()
    figure.savefig(body, format="png", dpi=110)
    write_bytes(path, body.getvalue())
    return len(shown)


def _range(found: Sequence[np.ndarray]) -> tuple[float, float]:
    """What most of the values lie in, with a margin: curves that run away are cut off."""
    known = np.concatenate([y[np.isfinite(y)] for y in found])
    low, high = np.quantile(known, [0.05, 0.95]) if len(known) else (-1.0, 1.0)
    margin = 0.1 * (high - low) or 1.0
    return float(low - margin), float(high + margin)
