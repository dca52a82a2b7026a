"""NotebookFigures of an evaluation as matplotlib figures, for notebooks and for the page.

    gr.figures.distributions(gr.table(molecules), gr.table(others))

Nothing here touches pyplot: a figure belongs to its caller, shows itself in a notebook, and is saved with
`figure.savefig`. The tables are those of `gr.table`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from grammar_rae.chemistry import drawing
from grammar_rae.errors import DataError, excerpt
from grammar_rae.evaluation.expressions.target import Target
from grammar_rae.evaluation.images.metrics import Curve
from grammar_rae.evaluation.metrics import metric
from grammar_rae.files import given
from grammar_rae.files.atomic import write_bytes
from grammar_rae.files.pictures import check_name
from grammar_rae.limits.ranges import within
from grammar_rae.report import panels, selection
from grammar_rae.report.projection import Projection

DRAWN = (
    "logp", "sa", "qed", "weight", "heavy_atoms", "rings", "aromatic_rings", "plogp", "score", "steps", "length",
)  # fmt: skip
MOST_CURVES = 12  # expressions of a picture, unless told
Tables: TypeAlias = pd.DataFrame | Mapping[str, pd.DataFrame]


class NotebookFigure(Figure):
    """A figure that a notebook shows whether or not pyplot was ever imported."""

    def _repr_png_(self) -> bytes:
        body = io.BytesIO()
        self.savefig(body, format="png", dpi=150)
        return body.getvalue()


def save(figure: Figure, path: str | Path, dpi: int = 110) -> None:
    """Write a figure as a PNG, whole or not at all. DataError where that cannot be done, or the name says otherwise."""
    check_name(path)
    body = io.BytesIO()
    figure.savefig(body, format="png", dpi=dpi)
    write_bytes(path, body.getvalue())


def distributions(
    items: Tables, reference: pd.DataFrame | None = None, columns: Sequence[str] | None = None
) -> NotebookFigure:
    """One panel a property: its distribution over the valid items, and over a reference in grey.

    `items`: a table, or several by name. `columns`: those of `DRAWN` the tables have, where not given.
    """
    tables = _named(items)
    chosen = list(columns or shown(next(iter(tables.values()))))
    missing = [name for name in chosen if not any(name in table for table in tables.values())]
    if missing:
        raise DataError(
            f"no column {missing[0]!r}; there are {', '.join(shown(next(iter(tables.values()))))}"
        )
    if not chosen:
        raise DataError(f"no column to draw; expected one of {', '.join(DRAWN)}, or columns=[…]")
    wide = min(3, len(chosen))
    high = -(-len(chosen) // wide)
    figure = NotebookFigure(figsize=(3.6 * wide, 2.4 * high), layout="constrained")
    for place, column in enumerate(chosen, 1):
        axes = figure.add_subplot(high, wide, place)
        panels.draw_distribution(axes, column, tables, reference)
        axes.set_xlabel(label(column))
    if len(tables) > 1 or reference is not None:
        handles, names = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper left", ncols=4, frameon=False)
    return figure


def distribution(column: str, items: Tables, reference: pd.DataFrame | None = None) -> NotebookFigure:
    """One panel of `distributions`, without words."""
    figure = NotebookFigure(figsize=(2.7, 1.05), layout="constrained")
    panels.draw_distribution(figure.add_subplot(), column, _named(items), reference)
    return figure


def grid(smiles: Sequence[str], legends: Sequence[str] | None = None, columns: int = 5) -> NotebookFigure:
    """The strings that are molecules, drawn. DataError where none is."""
    within(columns=columns)
    smiles = given.filled(smiles)
    body, drawn = drawing.grid_png(smiles, columns, len(smiles), legends)
    if not drawn:
        raise DataError(f"no picture, none of the {len(smiles):,} strings is a molecule")
    from matplotlib.image import imread

    image = imread(io.BytesIO(body))
    figure = NotebookFigure(figsize=(image.shape[1] / 110, image.shape[0] / 110))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(image, interpolation="antialiased")
    axes.set_axis_off()
    return figure


def scaffolds(items: pd.DataFrame, n: int = 10, columns: int = 5) -> NotebookFigure:
    """The n most frequent Murcko scaffolds of the valid molecules with their shares."""
    (table,) = _named({"items": items}).values()
    shares = selection.scaffold_shares(table.loc[table["valid"].astype(bool), "canonical"].tolist())
    drawn = shares.drop("", errors="ignore").head(n)
    if drawn.empty:
        raise DataError(f"no scaffold: none of the {len(table):,} items is a molecule with a ring")
    return grid([str(name) for name in drawn.index], [f"{100 * share:.1f} %" for share in drawn], columns)


def latent_map(
    codes: NDArray[np.floating],
    data: NDArray[np.floating] | None = None,
    values: Sequence[float] | NDArray[np.floating] | None = None,
    data_values: Sequence[float] | NDArray[np.floating] | None = None,
    title: str = "",
) -> NotebookFigure:
    """Codes (n, D) of samples beside codes (m, D) of data on the two main axes of the data's.

    Coloured by `values` (n,) and `data_values` (m,), such as logP, on one scale; NaN is grey. The axes are
    principal components of `data`, of `codes` where there is none. DataError for codes of one number.
    """
    codes, data = np.asarray(codes, float), None if data is None else np.asarray(data, float)
    for points, colours in ((codes, values), (data, data_values)):
        if points is not None and colours is not None and len(points) != len(colours):
            raise DataError(f"{len(colours):,} values of {len(points):,} codes; expected one each")
    project = Projection.fit(codes if data is None else data)
    sides = [("samples", project(codes), values)]
    if data is not None:
        sides.insert(0, ("data", project(data), data_values))
    coloured = [_colours(colours) for _, _, colours in sides if colours is not None]
    finite = (
        np.concatenate([colours[np.isfinite(colours)] for colours in coloured]) if coloured else np.empty(0)
    )
    scale = tuple(np.percentile(finite, [2, 98])) if len(finite) else (0.0, 1.0)
    everything = np.concatenate([points for _, points, _ in sides])
    figure = NotebookFigure(figsize=(3.5 * len(sides), 3.5), layout="constrained")
    plots = figure.subplots(1, len(sides), sharex=True, sharey=True, squeeze=False)[0]
    drawn = None
    for axes, (name, points, colours) in zip(plots, sides, strict=True):
        dots = panels.draw_codes(axes, points, None if colours is None else _colours(colours), scale)
        drawn = dots or drawn
        axes.set_title(f"{name}, {len(points):,}", loc="left", fontsize=10, color=panels.INK)
        axes.set_xlabel(
            f"component 1, {100 * project.shares[0]:.0f} % of variance", color=panels.QUIET, fontsize=9
        )
        axes.set_xlim(*panels.span(everything[:, 0]))
        axes.set_ylim(*panels.span(everything[:, 1]))
    plots[0].set_ylabel(f"component 2, {100 * project.shares[1]:.0f} %", color=panels.QUIET, fontsize=9)
    if drawn is not None:
        bar = figure.colorbar(drawn, ax=list(plots), location="bottom", aspect=50, fraction=0.04, pad=0.02)
        bar.set_label(title, color=panels.INK)
        bar.outline.set_visible(False)
    return figure


def _colours(values: Sequence[float] | NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(values, float)


def curves(
    strings: Sequence[str], target: Target | None = None, titles: Sequence[str] | None = None
) -> NotebookFigure:
    """One panel an expression, its curve over what it is compared with in grey: see `curve`. `titles`: a line each."""
    strings = given.filled(strings)
    if not strings:
        raise DataError("no picture of no expressions; expected one or more")
    wide = min(3, len(strings))
    high = -(-len(strings) // wide)
    figure = NotebookFigure(figsize=(3.6 * wide, 2.4 * high), layout="constrained")
    for place, text in enumerate(strings, 1):
        axes = figure.add_subplot(high, wide, place)
        panels.draw_curve(axes, text, target)
        title = text if titles is None else f"{text}\n{titles[place - 1]}"
        axes.set_title(title, loc="left", fontsize=9, parse_math=False)
    return figure


def curve(text: str, target: Target | None = None) -> NotebookFigure:
    """One panel of `curves`, without words: an expression of `equation.cfg`, over the points and values it is compared
    with, or alone on [-10, 10]. DataError where it is none.
    """
    figure = NotebookFigure(figsize=(2.7, 1.6), layout="constrained")
    panels.draw_curve(figure.add_subplot(), text, target)
    return figure


def tradeoff(curves: Mapping[str, Curve]) -> NotebookFigure:
    """Precision over recall, a curve a set of images, in the order of its colours and without words."""
    figure = NotebookFigure(figsize=(2.7, 2.7), layout="constrained")
    panels.draw_tradeoff(figure.add_subplot(), curves)
    return figure


def usage(kl: Sequence[float]) -> NotebookFigure:
    """What each coordinate of the codes carries, KL in nats, without words."""
    figure = NotebookFigure(figsize=(2.7, 1.6), layout="constrained")
    panels.draw_usage(figure.add_subplot(), kl)
    return figure


def shown(items: pd.DataFrame) -> list[str]:
    """The columns of a table that a distribution is drawn of."""
    return [name for name in DRAWN if name in items]


def label(column: str) -> str:
    """What a figure calls a column."""
    return metric(column).label


def _named(items: Tables) -> Mapping[str, pd.DataFrame]:
    """Tables by name. DataError where there is none, or something else."""
    tables = {"items": items} if isinstance(items, pd.DataFrame) else items
    if not isinstance(tables, Mapping) or not tables:
        raise DataError(f"{_kind(items)} is no table; expected that of gr.table(…), or several by name")
    wrong = next((table for table in tables.values() if not _is_table(table)), None)
    if wrong is not None:
        raise DataError(f"{_kind(wrong)} is no table of items; expected that of gr.table(…)")
    return tables


def _is_table(items: object) -> bool:
    return isinstance(items, pd.DataFrame) and "valid" in items


def _kind(items: object) -> str:
    return f"{excerpt(repr(items))[0]}, a {type(items).__name__},"
