"""Value discrepancy: for how many of the best items of a score does decode(encode(item)) not have the item's score.

A search over codes learns from scores of items and proposes codes; where the two do not belong together, its surrogate
learns what no code has. Lee et al. 2025 (NF-BO, table 5) report the same share for sequence autoencoders.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grammar_rae.evaluation.metrics import metric
from grammar_rae.experiments.assessment import Numbers
from grammar_rae.experiments.card import percent, row
from grammar_rae.model.model import Model

BEST = 1000


def value_discrepancy(model: Model, items: Sequence[str], revisions: int) -> Numbers:
    """`discrepancy_<score>` greedily and `…_revised`, shares of the `BEST` valid items with the highest score.

    Nothing where no score is commonly sought in items of this kind. An item that the model cannot read, or whose code
    decodes to what has no score, counts.
    """
    search = model.run.task.search
    if search is None or search.sought is None:
        return {}
    known = search.sought(items)
    numbers: Numbers = {}
    for score in known:
        best = known[score].dropna().nlargest(BEST)
        if best.empty:
            continue
        chosen = [items[place] for place in best.index]
        for way, times in (("", 0), ("_revised", revisions)):
            written = [text or "" for text in model.reconstruct(chosen, revisions=times)]
            kept = np.isclose(search.sought(written)[score], best)
            numbers[f"discrepancy_{score}{way}"] = float(1 - kept.mean())
        numbers[f"discrepancy_{score}_items"] = len(best)
    return numbers


def discrepancy_lines(metrics: Numbers) -> list[str]:
    """What a model's card says of those numbers among its metrics."""
    counts = {
        name.removeprefix("discrepancy_").removesuffix("_items"): count
        for name, count in metrics.items()
        if name.startswith("discrepancy_") and name.endswith("_items")
    }
    if not counts:
        return []
    lines = [
        "Value discrepancy: of the training items with the highest score, those whose code decodes to another score.",
        "",
        row("score", "items", "greedily", "revised"),
        "|---|---|---|---|",
    ]
    for score, count in counts.items():
        shares = [metrics.get(f"discrepancy_{score}{way}") for way in ("", "_revised")]
        lines.append(row(metric(score).title, f"{count:,}", *map(percent, shares)))
    return [*lines, ""]
