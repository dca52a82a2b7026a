"""Which task a list of strings belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from grammar_rae.catalogue import TASKS, look_up

SAMPLE = 200


def recognise(strings: Sequence[str], sample: int = SAMPLE) -> str:
    """The name of the task that takes the largest share of an even sample for its own; the first of several."""
    items = [text for text in strings if text]
    items = items[:: max(1, len(items) // sample)][:sample]
    shares = {name: look_up(TASKS, name, "task").recognised(items) for name in TASKS}
    return max(shares, key=shares.__getitem__)
