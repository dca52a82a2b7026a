"""The folder a search leaves behind: best.csv, the best-so-far curve, pictures of the best strings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grammar_rae.evaluators import expressions
from grammar_rae.evaluators.truth import read_points
from grammar_rae.files import write

if TYPE_CHECKING:
    from grammar_rae.search import Found

PICTURED = 10


def write_findings(found: Found, folder: Path, data: str | None = None) -> None:
    """best.csv, curve.png, and best.png: the ten best molecules, or the ten best expressions as curves, over the points
    of the file `data` where that is given. DataError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "best.csv", found.table)
    _draw(folder / "curve.png", lambda axes: _curve(axes, found))
    if found.table.empty:
        return
    strings = found.table.iloc[:, 0].tolist()[:PICTURED]
    if found.task == "molecules":
        from grammar_rae.evaluators.pictures import grid

        legends = [f"{value:.3f}" for value in found.table["score"][:PICTURED]]
        grid(strings, folder / "best.png", legends=legends)
    elif found.task == "expressions":
        from grammar_rae.evaluators.figures import curves, save

        titles = [f"{value:.4g}" for value in found.table["score"][:PICTURED]]
        save(curves(strings, None if data is None else read_points(data), titles), folder / "best.png")


def fit_of(found: Found, data: str) -> dict[str, float | None]:
    """{mse, r2} of the best expression over the points of a file, not capped; None where it has none."""
    known = read_points(data)
    if found.table.empty:
        return {"mse": None, "r2": None}
    grammar = getattr(found.score, "grammar", None)
    error = float(expressions.mse([str(found.table.iloc[0, 0])], known, grammar)[0])
    spread = float(known.values.var())
    return {
        "mse": error if np.isfinite(error) else None,
        "r2": 1 - error / spread if spread > 0 and np.isfinite(error) else None,
    }


def _curve(axes: Any, found: Found) -> None:
    """Every evaluation as a point, the best so far as a line."""
    shown: Callable[[np.ndarray], np.ndarray] = getattr(found.score, "display", lambda values: values)
    at = np.arange(1, len(found.course) + 1)
    values = shown(found.course)
    axes.plot(at, values, ".", color="0.7", markersize=4, label="evaluations")
    axes.step(at, shown(np.fmax.accumulate(found.course)), where="post", label="best so far")
    finite = values[np.isfinite(values)]
    if len(finite):
        best, far = shown(np.nanmax(found.course)), np.quantile(finite, [0.05, 0.95])
        low, high = min(best, far[0]), max(best, far[1])
        axes.set_ylim(low - 0.05 * (high - low) - 1e-9, high + 0.05 * (high - low) + 1e-9)
    axes.set(xlabel="evaluations", ylabel=getattr(found.score, "name", "score"))
    axes.legend(frameon=False)


def _draw(path: Path, paint: Callable[[Any], None]) -> None:
    from matplotlib.figure import Figure

    from grammar_rae.evaluators.figures import save

    figure = Figure(figsize=(6, 4), layout="constrained")
    paint(figure.subplots())
    save(figure, path, 150)
