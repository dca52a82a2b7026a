"""The folder a search leaves behind: best.csv, the best-so-far curve, pictures of the best strings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grammar_rae.evaluation.expressions import scores
from grammar_rae.evaluation.expressions.points import read_points
from grammar_rae.files.tables import write
from grammar_rae.tasks.expressions import curve_drawing
from grammar_rae.workflows.optimize import Search, SearchResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PICTURED = 10


def search_and_write(search: Search, data: str | None = None) -> SearchResult:
    """The result of a search, also written to its folder `out`, where it has one, by `write_findings`.

    With the file `data` of points (x, y) its numbers also tell how well the best expression fits them, by `fit_of`.
    Errors as those of `workflows.optimize.optimize`; DataError where the folder cannot be written.
    """
    with search.alone():
        result = search.found()
        if data is not None:
            result = replace(result, numbers={**result.numbers, **fit_of(result, data)})
        if search.out is not None:
            write_findings(result, Path(search.out), data)
    return result


def write_findings(result: SearchResult, folder: Path, data: str | None = None) -> None:
    """best.csv, curve.png, and best.png: the ten best molecules, or the ten best expressions as curves, over the points
    of the file `data` where that is given. DataError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "best.csv", result.table)
    _draw(folder / "curve.png", lambda axes: _curve(axes, result))
    if result.table.empty:
        return
    drawing = result.kind.drawing if data is None else curve_drawing(read_points(data))
    if drawing is not None:
        best = result.table.head(PICTURED)
        legends = [f"{value:{drawing.number}}" for value in best["score"]]
        drawing.grid(best.iloc[:, 0].tolist(), folder / "best.png", legends, None)


def fit_of(result: SearchResult, data: str) -> dict[str, float | None]:
    """{mse, r2} of the best expression over the points of a file, not capped; None where it has none."""
    points = read_points(data)
    if result.table.empty:
        return {"mse": None, "r2": None}
    error = float(scores.mse([str(result.table.iloc[0, 0])], points, result.grammar)[0])
    variance = float(points.values.var())
    return {
        "mse": error if np.isfinite(error) else None,
        "r2": 1 - error / variance if variance > 0 and np.isfinite(error) else None,
    }


def _curve(axes: Axes, result: SearchResult) -> None:
    """Every evaluation as a point, the best so far as a line."""
    score, course = result.score, result.course
    evaluations = np.arange(1, len(course) + 1)
    values = score.display(course)
    axes.plot(evaluations, values, ".", color="0.7", markersize=4, label="evaluations")
    axes.step(evaluations, score.display(np.fmax.accumulate(course)), where="post", label="best so far")
    finite = values[np.isfinite(values)]
    if len(finite):
        best, bulk = score.display(np.nanmax(course)), np.quantile(finite, [0.05, 0.95])
        low, high = min(best, bulk[0]), max(best, bulk[1])
        axes.set_ylim(low - 0.05 * (high - low) - 1e-9, high + 0.05 * (high - low) + 1e-9)
    axes.set(xlabel="evaluations", ylabel=score.name)
    axes.legend(frameon=False)


def _draw(path: Path, paint: Callable[[Any], None]) -> None:
    """A figure of one panel, saved."""
    from matplotlib.figure import Figure

    from grammar_rae.report.figures import save

    figure = Figure(figsize=(6, 4), layout="constrained")
    paint(figure.subplots())
    save(figure, path, 150)
