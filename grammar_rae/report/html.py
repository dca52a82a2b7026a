"""HTML in pieces. Text is escaped unless it is already `Html`, so nothing a user typed can be markup."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Iterable, Sequence

import matplotlib
import numpy as np
from numpy.typing import NDArray

from grammar_rae.chemistry import drawing
from grammar_rae.files import pictures
from grammar_rae.report.figures import NotebookFigure
from grammar_rae.report.panels import INK, QUIET, REFERENCE, SERIES

ACROSS = 10  # images in a row
VOID = {"meta", "img"}
THEMED = {  # colours that follow the reader's light or dark theme
    INK: "var(--ink)",
    QUIET: "var(--quiet)",
    REFERENCE: "var(--reference)",
    **{colour: f"var(--series-{place})" for place, colour in enumerate(SERIES)},
    "#000000": "var(--ink)",
    "#0000ff": "var(--nitrogen)",
    "#ff0000": "var(--oxygen)",
    "#33cccc": "var(--fluorine)",
    "#00cc00": "var(--chlorine)",
    "#cccc00": "var(--sulphur)",
    "#ff7f7f": "var(--fault)",
}
THEMES = re.compile("|".join(THEMED), re.IGNORECASE)


class Html(str):
    """Text that is markup already."""


def tag(name: str, /, *children: str, **attributes: str | None) -> Html:
    """An element. `class_` is the attribute class, `data_x` is data-x; one that is None is left out."""
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Html(f"<{name}{words}>")
    return Html(f"<{name}{words}>{join(children)}</{name}>")


def join(children: Iterable[str]) -> Html:
    """Pieces one after the other."""
    return Html("".join(child if isinstance(child, Html) else html.escape(child) for child in children))


def section(title: str, *children: str) -> Html:
    """A part of the page with its heading; nothing where there is nothing in it."""
    inside = join(children)
    return tag("section", tag("h2", title), inside) if inside else Html("")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str, numbers: int = 0) -> Html:
    """A table that scrolls by itself where it is wide; the last `numbers` columns are numbers."""
    first = len(head) - numbers

    def number(place: int) -> str | None:
        """The class of a cell, where its column holds numbers."""
        return "number" if place >= first else None

    top = tag("tr", *(tag("th", text, scope="col", class_=number(i)) for i, text in enumerate(head)))
    body = [
        tag(
            "tr",
            tag("th", row[0], scope="row"),
            *(tag("td", cell, class_=number(i)) for i, cell in enumerate(row[1:], 1)),
        )
        for row in rows
    ]
    inside = tag("table", tag("caption", caption), tag("thead", top), tag("tbody", *body))
    return tag("div", inside, class_="wide", role="region", tabindex="0", aria_label=caption)


def folded(summary: str, *children: str) -> Html:
    """What only its summary is seen of until it is opened."""
    return tag("details", tag("summary", summary), *children)


def figure(picture: Html, *caption: str) -> Html:
    """A picture and the words under it."""
    return tag("figure", picture, tag("figcaption", *caption))


def plot(drawn: NotebookFigure, words: str) -> Html:
    """A matplotlib figure as SVG whose colours and letters are the page's.

    `words` are for who cannot see it, and no other picture of the page has them: its inner names hang on them.
    """
    body = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": words}):
        drawn.savefig(body, format="svg", transparent=True, dpi=130, metadata={"Date": None})
    text = body.getvalue()
    box = re.search(r'viewBox="([^"]*)"', text)
    inside = re.sub(
        r"<metadata>.*?</metadata>", "", text[text.index(">", text.index("<svg")) + 1 :], flags=re.S
    )
    inside = re.sub(r'<g id="[^"]*"', "<g", inside[: inside.rindex("</svg>")])
    return _svg(inside, box[1] if box else "", words, "plot")


def structure(smiles: str, words: str) -> Html:
    """A drawing; a sign of emptiness where the string is not even a graph."""
    inside = drawing.svg(smiles)
    if not inside:
        return tag("div", "no drawing", class_="none")
    return _svg(inside, f"0 0 {drawing.WIDE} {drawing.HIGH}", words, "molecule")


def image(images: NDArray[np.uint8], words: str) -> Html:
    """Images (n, H, W, C) side by side, each pixel as large as the page allows and never blurred."""
    body = base64.b64encode(pictures.png(pictures.sheet(images, ACROSS))).decode()
    return tag("img", src=f"data:image/png;base64,{body}", alt=words, class_="pixels")


def series(names: Sequence[str]) -> list[Html]:
    """Names with the colours that their curves have."""
    return [tag("span", name, class_=f"series-{i % len(SERIES)}") for i, name in enumerate(names)]


def _svg(inside: str, box: str, words: str, kind: str) -> Html:
    themed = THEMES.sub(lambda found: THEMED[found[0].lower()], inside)
    packed = Html(re.sub(r"\s*\n\s*", " ", themed))
    return tag("svg", packed, viewBox=box, role="img", aria_label=words, class_=kind)
