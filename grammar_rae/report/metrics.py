"""The numbers of a page: a few large ones, the table of all, and the distributions behind the averages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from grammar_rae.evaluation.metrics import ARROWS, FAMILIES, METRICS, are_best, metric, printed
from grammar_rae.files.formatting import plain
from grammar_rae.report import figures
from grammar_rae.report.html import Html, figure, join, plot, section, series, table, tag
from grammar_rae.report.sets import ItemSet, Reference

HEADLINES = ("valid", "unique", "novel", "fcd", "best", "snn")
LARGE = 4


def headlines(item_set: ItemSet) -> Html:
    """The first few scores of a set, large."""
    names = [name for name in HEADLINES if plain(item_set.numbers.get(name)) is not None][:LARGE]
    tiles = [
        tag("div", tag("dt", metric(name).title), tag("dd", printed(name, item_set.numbers[name])))
        for name in names
    ]
    return tag("dl", *tiles, class_="tiles") if tiles else Html("")


def tables(sets: Sequence[ItemSet], averaged: Sequence[str], reference: Reference | None) -> Html:
    """Every metric of the sets: those that say how good, then the averages, then what is not in the catalogue."""
    names = list(dict.fromkeys(name for item_set in sets for name in item_set.numbers))
    metrics = [name for name in METRICS if name in names]
    averages = [name for name in metrics if name in averaged]
    distances = [name for name in metrics if name.endswith("_w1")]
    scores = [name for name in metrics if name not in averages + distances]
    others = [name for name in names if name not in METRICS]
    families = {
        family: [name for name in others if name.startswith(f"{family}_")]
        for family in FAMILIES
        if FAMILIES[family].better
    }
    rest = [name for name in others if not any(name in rows for rows in families.values())]
    parts = (
        (scores, "How good"),
        (averages, "Averages over valid items"),
        (distances, "Distances of distributions"),
        *((rows, f"{metric(family).title}, by set") for family, rows in families.items()),
        (rest, "More"),
    )
    several = len(sets) > 1
    key = tag(
        "p",
        "↑ more is better, ↓ less is better, neither: the number only describes. «–»: no score.",
        " Bold is the best of a row." if several else "",
        f" {reference.name} itself: {reference.own}." if reference is not None and reference.own else "",
        class_="note",
    )
    drawn = [_table(rows, sets, reference, caption) for rows, caption in parts if rows]
    return section("Metrics", key, tag("div", *drawn, class_="tables several" if several else "tables"))


def _table(names: Sequence[str], sets: Sequence[ItemSet], reference: Reference | None, caption: str) -> Html:
    own = reference if reference is not None and any(name in reference.numbers for name in names) else None
    head = ["metric", *(item_set.name for item_set in sets)] if len(sets) > 1 else ["metric", "value"]
    rows = []
    for name in names:
        values = [item_set.numbers.get(name) for item_set in sets]
        cells = [
            tag("b", text) if top else text
            for text, top in zip(
                (printed(name, value) for value in values), are_best(name, values), strict=True
            )
        ]
        other = [printed(name, own.numbers.get(name))] if own else []
        rows.append([_meaning(name), *cells, *other])
    return table([*head, f"{own.name} itself"] if own else head, rows, caption, len(sets) + bool(own))


def _meaning(name: str) -> Html:
    """A metric's title, its better way and, small, what it is."""
    way = metric(name).better
    arrow = tag("abbr", ARROWS[way], title=f"{way} is better") if way else Html("")
    meaning = metric(name).meaning
    return join([metric(name).title, " " if way else "", arrow, tag("small", meaning) if meaning else ""])


def histograms(sets: Sequence[ItemSet], reference: Reference | None) -> Html:
    """One small histogram a property, over the reference's."""
    named = {item_set.name: item_set.items for item_set in sets}
    other = reference.items if reference is not None else None
    drawn = []
    for column in figures.shown(sets[0].items):
        medians = [(item_set.name, _median(item_set.items, column)) for item_set in sets]
        if other is not None and column in other:
            medians.append((reference.name if reference else "", _median(other, column)))
        if all(text == "–" for _, text in medians):
            continue
        words = f"Distribution of {figures.label(column)}, medians: " + ", ".join(
            f"{name} {text}" for name, text in medians
        )
        texts = [
            text if place < len(sets) else f"reference {text}" for place, (_, text) in enumerate(medians)
        ]
        caption = f"median {' · '.join(texts)}"
        picture = plot(figures.distribution(column, named, other), words)
        drawn.append(figure(picture, tag("strong", figures.label(column)), tag("small", caption)))
    if not drawn:
        return Html("")
    names = series([item_set.name for item_set in sets])
    if reference is not None:
        names.append(tag("span", _counted(reference), class_="reference"))
    keys = tag("p", *names, class_="key")
    return section("Distributions", keys, tag("div", *drawn, class_="plots"))


def _counted(reference: Reference) -> str:
    drawn = len(reference.items)
    of = f" of {reference.size:,}" if reference.size > drawn else ""
    return f"{reference.name}, {drawn:,}{of}"


def _median(items: pd.DataFrame, column: str) -> str:
    values: Any = items.loc[items["valid"].astype(bool), column].dropna()
    return f"{values.median():,.3g}" if len(values) else "–"
