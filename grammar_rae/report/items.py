"""What the items of a set look like: molecules drawn, expressions as curves, strings as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd

from grammar_rae.evaluation.expressions.target import Target
from grammar_rae.evaluation.metrics import metric
from grammar_rae.report import figures, selection
from grammar_rae.report.html import Html, figure, image, join, plot, section, series, structure, table, tag
from grammar_rae.report.sets import ItemSet, LatentMap, Reference

MANY, SEVERAL = 12, 6  # pictures a grid, of one set and of each of several
NEAR = ("logp", "sa", "qed", "weight", "rings")  # what makes a molecule typical
REASONS = 8
EXAMPLES = 20


def molecule_sections(sets: Sequence[ItemSet], reference: Reference | None, score: str) -> list[Html]:
    """Sections on molecules: typical, best, least like the reference, scaffolds."""
    lower = metric(score).better == "lower"
    sections = [
        _by_set(
            "Typical",
            "Nearest the median in logP, SA, QED, weight and rings at once.",
            sets,
            lambda item_set, n: _cards(selection.typical(item_set.items, NEAR, n), ("logp", "qed")),
        ),
        _by_set(
            f"Best by {metric(score).title}",
            f"The {'lowest' if lower else 'highest'} {metric(score).title}.",
            sets,
            lambda item_set, n: _cards(selection.best(item_set.items, score, n), (score,)),
        ),
    ]
    forms = selection.reference_sample(reference.forms()) if reference is not None else []
    if reference is not None and forms:
        sections.append(
            _by_set(
                "Most novel",
                f"Least like the nearest of {len(forms):,} molecules of {reference.name}: Tanimoto similarity "
                f"of Morgan fingerprints, among up to {selection.COMPARED:,} molecules drawn at random.",
                sets,
                lambda item_set, n: _cards(selection.most_novel(item_set.items, forms, n), ("similarity",)),
            )
        )
    shares = selection.scaffold_shares(forms) if forms else None
    words = (
        "The most frequent Murcko scaffolds, rings and what links them, with the share of valid molecules."
    )
    sections.append(_by_set("Scaffolds", words, sets, lambda item_set, n: _scaffolds(item_set, shares, n)))
    return sections


def curve_section(sets: Sequence[ItemSet], target: Target, words: str) -> Html:
    """The best expressions over what they are compared with, and `words` for that."""

    def drawn(item_set: ItemSet, n: int) -> Html:
        """A set's best expressions, each over the target."""
        rows = selection.best(item_set.items, "score", n)
        return _grid(
            [
                figure(
                    plot(figures.curve(text, target), f"{item_set.name}: {text} over {words}"),
                    tag("code", text),
                    tag("small", f"score {score:.4f}"),
                )
                for text, score in zip(rows["canonical"], rows["score"], strict=True)
            ],
            "plots curves",
        )

    note = f"Lowest scores first; in grey {words}."
    return _by_set("Best expressions", note, sets, drawn)


def string_section(sets: Sequence[ItemSet]) -> Html:
    """The first different items, as they are."""

    def listed(item_set: ItemSet, n: int) -> Html:
        """A set's strings as a list."""
        rows = selection.distinct(item_set.items)["canonical"].head(n)
        return (
            tag("ul", *(tag("li", tag("code", text)) for text in rows), class_="strings")
            if len(rows)
            else Html("")
        )

    return _by_set("Examples", "The first different valid items.", sets, listed, (EXAMPLES, EXAMPLES // 2))


def refused_section(sets: Sequence[ItemSet], draw: Callable[[str, str], Html] | None = None) -> Html:
    """Why items are not valid, with an example of each reason, drawn by `draw(item, words)` where that is given."""

    def cards(item_set: ItemSet, n: int) -> Html:
        """A set's reasons: a card each where items can be drawn, else rows."""
        rows = selection.refusals(item_set.items)
        if rows.empty:
            return Html("")
        first = rows.head(REASONS)
        left = int(rows["items"][len(first) :].sum())
        after = tag("p", f"{left:,} more for other reasons.", class_="note") if left else Html("")
        if draw is None:
            lines = [
                [
                    row.pattern,
                    tag("code", row.string or "(empty)"),
                    f"{row.items:,}",
                    f"{100 * row.share:.2f} %",
                ]
                for row in first.itertuples(index=False)
            ]
            name = f"Reasons, {item_set.name}"
            return Html(table(["reason", "example", "items", "share"], lines, name, 2) + after)
        drawings = [
            figure(
                draw(row.string, f"{row.string or 'empty string'}: {row.reason}"),
                tag("strong", row.reason),
                tag("small", f"{row.items:,} items, {100 * row.share:.2f} % of all"),
                tag("code", row.string or "(empty)"),
            )
            for row in first.itertuples(index=False)
        ]
        return Html(_grid(drawings, "cards") + after)

    return _by_set(
        "Not valid, and why", "The most frequent reasons, each with its first example.", sets, cards
    )


def picture_sections(sets: Sequence[ItemSet]) -> list[Html]:
    """Images side by side, a section a title."""

    def sheet(title: str, item_set: ItemSet, n: int) -> Html:
        """The picture that a set has under a title."""
        if title not in item_set.pictures:
            return Html("")
        return figure(image(item_set.pictures[title], f"{title}, {item_set.name}"))

    titles = dict.fromkeys(title for item_set in sets for title in item_set.pictures)
    return [_by_set(f"{title[0].upper()}{title[1:]}", "", sets, partial(sheet, title)) for title in titles]


def list_sections(sets: Sequence[ItemSet]) -> list[Html]:
    """Lists of strings, each with its name, a section a title."""

    def named(title: str, item_set: ItemSet, n: int) -> Html:
        """The lists that a set has under a title."""
        if title not in item_set.lists:
            return Html("")
        rows = [
            [name, join(piece for text in texts for piece in (tag("code", text or "(empty)"), " "))]
            for name, texts in item_set.lists[title].items()
        ]
        return table(["", "items"], rows, f"{title}, {item_set.name}")

    titles = dict.fromkeys(title for item_set in sets for title in item_set.lists)
    return [_by_set(f"{title[0].upper()}{title[1:]}", "", sets, partial(named, title)) for title in titles]


def tradeoff_section(sets: Sequence[ItemSet]) -> Html:
    """Precision and recall of generated images, a panel for every density."""
    drawn = []
    for name in dict.fromkeys(name for item_set in sets for name in item_set.curves):
        by_set = {item_set.name: item_set.curves[name] for item_set in sets if name in item_set.curves}
        words = f"Precision over recall of samples, {name}: {', '.join(by_set)}"
        drawn.append(figure(plot(figures.tradeoff(by_set), words), tag("strong", name)))
    note = "How real the images are over how much of the test images they cover; the best is 1 of both."
    head = (
        tag("p", note, class_="note"),
        tag("p", *series([item_set.name for item_set in sets]), class_="key"),
    )
    return section("Precision and recall", *head, _grid(drawn, "plots")) if drawn else Html("")


def repeated_section(sets: Sequence[ItemSet]) -> Html:
    """What is written more than once."""

    def counted(item_set: ItemSet, n: int) -> Html:
        """A set's items that come more than once."""
        counts = selection.repeated(item_set.items)
        if counts.empty:
            return Html("")
        rows = [[tag("code", str(text)), f"{count:,}"] for text, count in counts.items()]
        return table(["item", "times"], rows, f"Repeated, {item_set.name}", 1)

    return _by_set("Written again and again", "The most frequent items.", sets, counted)


def usage_section(sets: Sequence[ItemSet]) -> Html:
    """What each coordinate of a model's codes carries, where KL is a sum over them."""

    def drawn(item_set: ItemSet, n: int) -> Html:
        """The bars of a set's model."""
        kl = item_set.numbers.get("kl_by_dimension")
        if not kl:
            return Html("")
        active, units = item_set.numbers["active_units"], item_set.numbers["units"]
        words = f"KL by coordinate of {item_set.name}: {', '.join(f'{nats:.2f}' for nats in kl)} nats"
        caption = f"{active} of {units} active, {sum(kl):.2f} nats in all"
        return figure(plot(figures.usage(kl), words), tag("small", caption))

    note = (
        "Mean KL of the posterior from the prior over held-out items, nats, a bar a coordinate; active: the "
        "posterior mean varies over items by more than 0.01."
    )
    return _by_set("Latent usage", note, sets, drawn)


def map_section(sets: Sequence[ItemSet]) -> Html:
    """Where codes lie in a model's latent space, beside those of data."""

    def drawn(item_set: ItemSet, n: int) -> Html:
        """The map of a set's codes."""
        place = item_set.map
        if place is None:
            return Html("")
        picture = figures.latent_map(
            place.codes, place.data, place.values, place.data_values, figures.label(place.column)
        )
        words = f"Codes of {item_set.name} in {place.model}, coloured by {figures.label(place.column)}"
        return figure(plot(picture, words), tag("small", _where(place)))

    words = "Codes on the two main axes of the data's codes; samples should lie where the data lies."
    return _by_set("Latent space", words, sets, drawn)


def _where(place: LatentMap) -> str:
    data = f" Data: {place.data_name}." if place.data is not None else ""
    return (
        f"{place.model}, codes of {place.codes.shape[1]} numbers.{data} "
        "A flat picture keeps only the share of variance written at its axes."
    )


def _by_set(
    title: str,
    words: str,
    sets: Sequence[ItemSet],
    draw: Callable[[ItemSet, int], Html],
    sizes: tuple[int, int] = (MANY, SEVERAL),
) -> Html:
    """A section with one part a set, each under its name where there are several."""
    several = len(sets) > 1
    parts = []
    for item_set in sets:
        inside = draw(item_set, sizes[several])
        if inside:
            parts.append(tag("h3", item_set.name) + inside if several else inside)
    note = tag("p", words, class_="note") if words else Html("")
    return section(title, note, Html("".join(parts))) if parts else Html("")


def _cards(rows: pd.DataFrame, columns: Sequence[str]) -> Html:
    """Molecules with the values of some columns."""
    drawn = []
    for row in rows.to_dict("records"):
        values = [f"{metric(name).title}\N{NO-BREAK SPACE}{row[name]:.2f}" for name in columns]
        picture = structure(row["canonical"], f"Structure of {row['canonical']}")
        drawn.append(figure(picture, tag("small", " · ".join(values)), tag("code", row["canonical"])))
    return _grid(drawn, "cards")


def _scaffolds(item_set: ItemSet, reference: pd.Series | None, n: int) -> Html:
    forms = [str(form) for form in item_set.items.loc[item_set.items["valid"].astype(bool), "canonical"]]
    if not forms:
        return Html("")
    shares = selection.scaffold_shares(forms)
    drawn = []
    for name, share in shares.drop("", errors="ignore").head(n).items():
        text = f"{100 * share:.1f} %"
        if reference is not None:
            text += f" · reference {100 * reference.get(name, 0.0):.1f} %"
        drawn.append(
            figure(structure(str(name), f"Scaffold {name}"), tag("small", text), tag("code", str(name)))
        )
    rings = len(shares) - ("" in shares)
    without = f"{100 * shares.get('', 0.0):.1f} % have no ring"
    if reference is not None:
        without += f" (reference {100 * reference.get('', 0.0):.1f} %)"
    return Html(_grid(drawn, "cards") + tag("p", f"{rings:,} different scaffolds; {without}.", class_="note"))


def _grid(drawn: Sequence[Html], kind: str) -> Html:
    return tag("div", *drawn, class_=kind) if drawn else Html("")
