"""Images as PNG, side by side, and the page of an evaluation of image models."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grammar_rae.atomic import write_bytes
from grammar_rae.errors import DataError
from grammar_rae.evaluators.images import Curve
from grammar_rae.evaluators.metrics import ARROWS, best, metric, printed, titled

Images = NDArray[np.uint8]
GAP, GREY = 2, 128  # pixels between images, and their level
ACROSS = 10  # images in a row of the page
ENLARGED = 2
PANELS, SIDE = 5, 2.4  # plots in a row, inches of one
STYLE = """body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; } td, th { padding: .2rem .8rem; text-align: right; }
th:first-child, td:first-child { text-align: left; } tr:nth-child(even) td { background: #8881; }
img { image-rendering: pixelated; max-width: 100%; } img.plot { image-rendering: auto; }"""


def tiled(images: Images, columns: int) -> Images:
    """One image (H', W', C) of images (n, H, W, C), `columns` in a row, the last row filled up with grey."""
    n, height, width, channels = images.shape
    columns = min(columns, n)
    rows = -(-n // columns)
    sheet = np.full(
        (rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, channels), GREY, dtype=np.uint8
    )
    for i, image in enumerate(images):
        top, left = (GAP + (i // columns) * (height + GAP), GAP + (i % columns) * (width + GAP))
        sheet[top : top + height, left : left + width] = image
    return sheet


def png(image: Images) -> bytes:
    """An image (H, W, 1 or 3) as a PNG file."""
    from PIL import Image

    body = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(body, "PNG")
    return body.getvalue()


def grid(images: Images, path: str | Path, columns: int = 10, rows: int = 10) -> int:
    """Write the first `columns` * `rows` images as one PNG; how many they are. DataError as `write_bytes`."""
    shown = images[: columns * rows]
    write_bytes(path, png(tiled(shown, columns)))
    return len(shown)


def write(images: Images, path: str | Path) -> None:
    """An array `images` in an `.npz`, or else a folder of numbered PNG files. DataError where it cannot be."""
    place = Path(path)
    if place.suffix == ".npz":
        body = io.BytesIO()
        np.savez_compressed(body, images=images)
        write_bytes(place, body.getvalue())
        return
    if place.suffix:
        raise DataError(f"{path}: cannot tell the kind of file; expected .npz, or a folder for PNG files")
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{path}: cannot be made ({error.strerror})") from error
    digits = len(str(len(images) - 1))
    for i, image in enumerate(images):
        write_bytes(place / f"{i:0{digits}}.png", png(image))


@dataclass
class Shown:
    """What the page shows of one model: numbers, those of each set of images by measure (`sets["f8"]["gmm"]`),
    images by title, precision-recall curves by density.
    """

    name: str
    numbers: Mapping[str, Any]
    sets: dict[str, dict[str, float | None]] = field(default_factory=dict)
    pictures: dict[str, Images] = field(default_factory=dict)
    curves: dict[str, Curve] = field(default_factory=dict)

    def flat(self) -> dict[str, Any]:
        """Every number by one name, as in `f8_gmm`."""
        return {
            **self.numbers,
            **{f"{measure}_{of}": x for measure, found in self.sets.items() for of, x in found.items()},
        }


def page(models: Sequence[Shown], title: str, about: str) -> str:
    """One HTML page, pictures within: tables of all models' numbers, their images and their curves."""
    parts = [
        f"<h1>{html.escape(title)}</h1><p>{html.escape(about)} ↑ more is better, ↓ less; bold: the best.</p>"
    ]
    for measure in dict.fromkeys(measure for model in models for measure in model.sets):
        label = f"{measure.replace('_', ' ')} {ARROWS[metric(measure).better]}"
        parts.append(_table(label, models, [model.sets.get(measure, {}) for model in models], f"{measure}_"))
    parts.append(_table("more", models, [model.numbers for model in models]))
    for what in dict.fromkeys(what for model in models for what in model.pictures):
        parts.append(f"<h2>{html.escape(what)}</h2>")
        for model in models:
            if what in model.pictures:
                sheet = tiled(model.pictures[what], ACROSS).repeat(ENLARGED, 0).repeat(ENLARGED, 1)
                parts.append(f"<p>{html.escape(model.name)}<br>{_inline(png(sheet))}</p>")
    if any(model.curves for model in models):
        parts.append(f"<h2>precision and recall</h2><p>{_inline(_plot(models), 'plot')}</p>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _table(
    label: str, models: Sequence[Shown], numbers: Sequence[Mapping[str, Any]], prefix: str = ""
) -> str:
    """A model a row and a number a column, the best of each in bold; `prefix` begins the metrics' names."""
    columns = list(dict.fromkeys(name for found in numbers for name in found))
    rows = [[printed(prefix + name, found.get(name)) for name in columns] for found in numbers]
    for i, name in enumerate(columns):
        for row, top in zip(rows, best(prefix + name, [found.get(name) for found in numbers]), strict=True):
            row[i] = f"<b>{row[i]}</b>" if top else row[i]
    titles = [name.replace("_", " ") if prefix else titled(name) for name in columns]
    head = "".join(f"<th>{html.escape(text)}</th>" for text in (label, *titles))
    body = "".join(
        f"<tr><td>{html.escape(model.name)}</td>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>"
        for model, row in zip(models, rows, strict=True)
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _inline(body: bytes, kind: str = "") -> str:
    return f'<img class="{kind}" src="data:image/png;base64,{base64.b64encode(body).decode()}" alt="">'


def _plot(models: Sequence[Shown]) -> bytes:
    """A panel a density, a curve a model."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    densities = list(dict.fromkeys(density for model in models for density in model.curves))
    across = min(len(densities), PANELS)
    down = -(-len(densities) // across)
    figure = Figure(figsize=(SIDE * across, (SIDE + 0.6) * down + 0.25 * len(models)), layout="constrained")
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).flat
    for axes, density in zip(panels, densities, strict=False):
        for i, model in enumerate(models):
            if (curve := model.curves.get(density)) is not None:
                axes.plot(curve.recall, curve.precision, color=f"C{i}")
        axes.set(
            title=density, xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.01), aspect="equal"
        )
        axes.tick_params(labelbottom=True)
    for axes in list(figure.axes)[len(densities) :]:
        axes.remove()
    handles = [Line2D([], [], color=f"C{i}", label=model.name) for i, model in enumerate(models)]
    figure.legend(handles=handles, loc="outside lower center", fontsize="small")
    body = io.BytesIO()
    figure.savefig(body, dpi=120, bbox_inches="tight")
    return body.getvalue()
