"""What a figure shows in one pair of axes, and how all of them look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from grammar_rae.evaluation.expressions import scores
from grammar_rae.evaluation.expressions.target import GRID, Target, values_of
from grammar_rae.evaluation.images.metrics import Curve

INK, QUIET, REFERENCE = "#1a1a1a", "#6b6b6b", "#c9c9c9"
SERIES = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#8a6d00",
    "#56b4e9",
)  # Okabe and Ito: told apart by all
DASHES = ("-", "--", "-.", ":")  # the colours again, from the seventh series on
FEW = 200  # points are drawn as points
EDGE = 0.5  # percent of all values that may lie beyond each end of the axis


def draw_distribution(
    axes: Axes, column: str, tables: Mapping[str, pd.DataFrame], reference: pd.DataFrame | None
) -> None:
    """A property over the valid rows of each table, and over a reference in grey."""
    drawn = {name: _values(table, column) for name, table in tables.items()}
    other = _values(reference, column) if reference is not None else np.empty(0)
    everything = [values for values in (*drawn.values(), other) if len(values)]
    if everything:
        edges = _edges(everything)
        if len(other):
            axes.stairs(_shares(other, edges), edges, fill=True, color=REFERENCE, label="reference")
        for place, (name, values) in enumerate(drawn.items()):
            axes.stairs(
                _shares(values, edges),
                edges,
                color=SERIES[place % len(SERIES)],
                linestyle=DASHES[place // len(SERIES) % len(DASHES)],
                linewidth=1.6,
                label=name,
            )
        axes.set_xlim(edges[0], edges[-1])
        axes.set_ylim(bottom=0)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=bool(everything) and _whole(everything)))
    quiet(axes)


def draw_curve(axes: Axes, text: str, target: Target | None) -> None:
    """An expression over what it is compared with, in grey, or alone on [-10, 10]. DataError where it is none."""
    points = GRID if target is None else target.points
    grid = np.linspace(points.min(), points.max(), len(GRID))
    values = values_of(text, scores.standard(), grid)
    in_view = values[np.isfinite(values)]
    few = target is not None and len(points) < FEW
    if target is not None:
        order = np.argsort(points)
        axes.plot(
            points[order], target.values[order], color=REFERENCE, linewidth=4, linestyle="" if few else "-",
            marker="o" if few else "", markersize=4, label="target",
        )  # fmt: skip
        in_view = target.values
    axes.plot(grid, np.where(np.isfinite(values), values, np.nan), color=SERIES[0], linewidth=1.4, label=text)
    if len(in_view):
        axes.set_ylim(*span(in_view))
    axes.set_xlim(*span(points) if few else (grid[0], grid[-1]))
    axes.locator_params(nbins=5)
    quiet(axes)


def draw_tradeoff(axes: Axes, curves: Mapping[str, Curve]) -> None:
    """Precision over recall from 0 to 1, a curve a set of images."""
    for place, (name, curve) in enumerate(curves.items()):
        colour, dash = SERIES[place % len(SERIES)], DASHES[place // len(SERIES) % len(DASHES)]
        axes.plot(curve.recall, curve.precision, color=colour, linestyle=dash, linewidth=1.6, label=name)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.01), aspect="equal")
    quiet(axes)


def draw_usage(axes: Axes, kl: Sequence[float]) -> None:
    """KL in nats, a bar a coordinate, in their order."""
    axes.bar(range(1, len(kl) + 1), kl, color=SERIES[0], width=0.8)
    axes.set_ylim(bottom=min(0.0, *kl))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(3))
    quiet(axes)


def draw_codes(
    axes: Axes,
    points: NDArray[np.floating],
    colours: NDArray[np.floating] | None,
    scale: tuple[float, float],
) -> PathCollection | None:
    """Points (n, 2), those with a finite colour (n,) in it, the others grey; the dots in colour, if any.

    `scale`: the values of the darkest and the lightest colour.
    """
    axes.scatter(points[:, 0], points[:, 1], s=5, color=REFERENCE, linewidths=0, rasterized=True)
    axes.set_xticks([])
    axes.set_yticks([])
    quiet(axes)
    if colours is None:
        return None
    finite = np.isfinite(colours)
    x, y = points[finite].T
    low, high = scale
    return axes.scatter(
        x, y, s=5, c=colours[finite], cmap="viridis", vmin=low, vmax=high, linewidths=0, rasterized=True
    )


def quiet(axes: Axes) -> None:
    """No box: a line under the picture and small grey numbers."""
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)
    axes.tick_params(colors=QUIET, labelsize=9, length=3)


def _values(items: pd.DataFrame, column: str) -> NDArray[np.floating]:
    """The finite values of a column over the valid rows."""
    if column not in items:
        return np.empty(0)
    values = items.loc[items["valid"].astype(bool), column].to_numpy(float)
    finite: NDArray[np.floating] = values[np.isfinite(values)]
    return finite


def _whole(values: Sequence[NDArray[np.floating]]) -> bool:
    return all(bool((numbers == numbers.round()).all()) for numbers in values)


def _edges(values: Sequence[NDArray[np.floating]]) -> NDArray[np.floating]:
    """Where bars begin and end: whole numbers where all values are, and no long empty tails."""
    low = min(float(np.percentile(numbers, EDGE)) for numbers in values)
    high = max(float(np.percentile(numbers, 100 - EDGE)) for numbers in values)
    bars = int(np.clip(2 * min(map(len, values)) ** (1 / 3), 10, 40))  # Rice's rule
    if _whole(values):
        first, last = np.floor(low), np.ceil(high)
        step = int(np.ceil((last - first + 1) / bars))
        return np.arange(first - 0.5, last + step + 0.5, step)
    return np.linspace(low, high, bars + 1) if high > low else np.array([low - 0.5, low + 0.5])


def _shares(values: NDArray[np.floating], edges: NDArray[np.floating]) -> NDArray[np.floating]:
    """Share of the values in each bar, those beyond the ends left out of the picture but not of the sum."""
    counts = np.histogram(values, edges)[0]
    return np.asarray(counts / max(len(values), 1))


def span(values: NDArray[np.floating]) -> tuple[float, float]:
    """The ends of an axis: nearly all values and a margin."""
    low, high = np.percentile(values, [EDGE, 100 - EDGE])
    margin: Any = 0.06 * (high - low) or 1.0
    return float(low - margin), float(high + margin)
