"""An evaluation as one HTML page that needs nothing else: no network, no script, pictures within."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files

from grammar_rae.report import items, metrics
from grammar_rae.report.html import Html, join, section, tag
from grammar_rae.report.sets import ItemSet, LatentMap, Reference, Subject

__all__ = ["ItemSet", "LatentMap", "Reference", "Subject", "page"]

PHONE = "width=device-width, initial-scale=1"


def page(
    sets: Sequence[ItemSet],
    task: Subject,
    reference: Reference | None = None,
    facts: Mapping[str, str] | None = None,
    score: str = "qed",
) -> str:
    """The whole page. `facts`: how to make it again; `score`: the property the best molecules are drawn by.

    First what fits on a screen: the headline, some items, the distributions. Whatever is in a set's `numbers` is in the
    tables below. DataError where the tables have no column `score`.
    """
    looks = task.sections(sets, reference, score)
    parts = [metrics.tables(sets, task.properties, reference), *looks[1:], *items.list_sections(sets)]
    parts += [items.repeated_section(sets), items.usage_section(sets), items.map_section(sets)]
    parts.append(_facts(facts or {}))
    names = " · ".join(item_set.name for item_set in sets)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content=PHONE),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{names} – evaluation"),
        tag("style", Html(files(__package__).joinpath("page.css").read_text())),
    )
    top = tag(
        "header",
        tag("div", tag("h1", names), _lede(sets, task, reference)),
        metrics.headlines(sets),
    )
    first = tag("div", top, *looks[:1], metrics.histograms(sets, reference), class_="first")
    body = tag("body", tag("main", first, *parts))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _lede(sets: Sequence[ItemSet], task: Subject, reference: Reference | None) -> Html:
    """What was looked at, in a sentence or two."""
    counts = [
        f"{int(item_set.items['valid'].sum()):,} of {len(item_set.items):,} {task.medium.word}s are {task.valid}"
        for item_set in sets
    ]
    named = [f"{item_set.name}: {count}" for item_set, count in zip(sets, counts, strict=True)]
    words = f"{counts[0]}." if len(sets) == 1 else f"{'; '.join(named)}."
    if reference is not None:
        words += f" Compared with {reference.name}."
    return tag("p", words, class_="lede")


def _facts(facts: Mapping[str, str]) -> Html:
    pairs = [join([tag("dt", name), tag("dd", tag("code", text))]) for name, text in facts.items()]
    return section("How to make this page again", tag("dl", *pairs, class_="facts")) if pairs else Html("")
