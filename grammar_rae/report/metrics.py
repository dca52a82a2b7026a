"""The numbers of a page: a few large ones, the table of all, and the distributions behind the averages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from grammar_rae.evaluation.metrics import ARROWS, FAMILIES, METRICS, are_best, metric, printed, titled
from grammar_rae.files.formatting import plain
from grammar_rae.report import figures
from grammar_rae.report.html import Html, figure, folded, join, plot, section, series, table, tag
from grammar_rae.report.sets import ItemSet, Reference

HEADLINES = (
    "valid",
    "unique",
    "novel",
    "fcd",
    "best",
    "snn",
    "squared_error",
    "log_likelihood",
    "frechet",
    "fid",
)
LARGE = 4


def headlines(sets: Sequence[ItemSet]) -> Html:
    """The first few scores, large; of several sets in a small table."""
    names = [name for line in HEADLINES for name in _called(line, sets)][:LARGE]
    if not names:
        return Html("")
    if len(sets) > 1:
        rows = [[one.name, *(printed(name, one.numbers.get(name)) for name in names)] for one in sets]
        return table(["", *(titled(name) for name in names)], rows, "Headline", len(names))
    numbers = sets[0].numbers
    tiles = [
        tag("div", tag("dt", metric(name).title), tag("dd", printed(name, numbers[name]))) for name in names
    ]
    return tag("dl", *tiles, class_="tiles")


def _called(line: str, sets: Sequence[ItemSet]) -> list[str]:
    """The first number with that name, or of that family, that a set has a value of; none where there is none."""
    for item_set in sets:
        for name, value in item_set.numbers.items():
            family = line in FAMILIES and line not in METRICS and name.startswith(f"{line}_")
            if (name == line or family) and plain(value) is not None:
                return [name]
    return []


def tables(sets: Sequence[ItemSet], averaged: Sequence[str], reference: Reference | None) -> Html:
    """Every metric of the sets: those that say how good, then the averages, then what is not in the catalogue.

    Folded away: scores that no set has, and faults that do not occur.
    """
    everything = list(dict.fromkeys(name for item_set in sets for name in item_set.numbers))
    unknown = [name for name in everything if all(plain(one.numbers.get(name)) is None for one in sets)]
    faultless = [
        name for name in everything if all(_is_no_fault(name, one.numbers.get(name)) for one in sets)
    ]
    names = [name for name in everything if name not in (*unknown, *faultless)]
    several = len(sets) > 1
    key = tag(
        "p",
        "↑ more is better, ↓ less is better, neither: the number only describes. «–»: no score.",
        " Bold is the best of a row." if several else "",
        f" {reference.name} itself: {reference.own}." if reference is not None and reference.own else "",
        class_="note",
    )
    drawn = [_table(rows, sets, reference, caption) for caption, rows in _parts(names, averaged) if rows]
    drawn += [
        folded(
            f"{caption}: {', '.join(metric(name).title for name in rows)}",
            _table(rows, sets, reference, caption),
        )
        for caption, rows in (("Faults that do not occur", faultless), ("Without a score here", unknown))
        if rows
    ]
    return section("Metrics", key, tag("div", *drawn, class_="tables several" if several else "tables"))


def _parts(names: Sequence[str], averaged: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The metrics of each table by its caption."""
    known = [name for name in METRICS if name in names]
    averages = [name for name in known if name in averaged]
    distances = [name for name in known if name.endswith("_w1")]
    others = [name for name in names if name not in METRICS]
    families = [
        (f"{metric(family).title}, by set", [name for name in others if name.startswith(f"{family}_")])
        for family in FAMILIES
        if FAMILIES[family].better
    ]
    return [
        ("How good", [name for name in known if name not in averages + distances]),
        ("Averages over valid items", averages),
        ("Distances of distributions", distances),
        *families,
        ("More", [name for name in others if not any(name in rows for _, rows in families)]),
    ]


def _is_no_fault(name: str, value: Any) -> bool:
    """Whether it is a share or a count of what should not be, and there is none of it."""
    number = plain(value)
    counted = isinstance(number, int) or metric(name).unit == "share"
    return metric(name).better == "lower" and counted and number == 0


def _table(names: Sequence[str], sets: Sequence[ItemSet], reference: Reference | None, caption: str) -> Html:
    own = reference if reference is not None and any(name in reference.numbers for name in names) else None
    head = ["metric", *(item_set.name for item_set in sets)] if len(sets) > 1 else ["metric", "value"]
    rows = []
    for name in names:
        values = [item_set.numbers.get(name) for item_set in sets]
        cells = [
            tag("b", text) if top else text
            for text, top in zip(
                (_shown(name, value) for value in values), are_best(name, values), strict=True
            )
        ]
        other = [_shown(name, own.numbers.get(name))] if own else []
        rows.append([_meaning(name), *cells, *other])
    return table([*head, f"{own.name} itself"] if own else head, rows, caption, len(sets) + bool(own))


def _shown(name: str, value: Any) -> str:
    """A metric's value; words, and the numbers of a list, are wrapped where a number is not."""
    text = printed(name, value)
    return tag("span", text, class_="words") if isinstance(value, str | list) else text


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
