"""Which task a list of strings belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from grammar_rae.datasets.smiles import canonical

SAMPLE = 200


def recognise(strings: Sequence[str], sample: int = SAMPLE) -> str:
    """`molecules`, `expressions` or `strings`: what more of an even sample can be read as, if a tenth can."""
    items = [text for text in strings if text]
    items = items[:: max(1, len(items) // sample)][:sample]
    if not items:
        return "strings"
    shares = {
        "molecules": sum(canonical(text) is not None for text in items) / len(items),
        "expressions": _expressions(items),
    }
    best = max(shares, key=lambda task: shares[task])
    return best if shares[best] >= 0.1 else "strings"


def _expressions(items: Sequence[str]) -> float:
    """Share that `equation.cfg` derives, blanks aside."""
    from grammar_rae.grammar import Grammar
    from grammar_rae.parsing import parse_known

    forms = ["".join(text.split()) for text in items]
    _, known, _ = parse_known(Grammar.read("equation.cfg"), forms)
    return len(known) / len(items)
