"""A kind of data as its author would add it: this file, and one line of `catalogue.TASKS`."""

import pandas as pd

from grammar_rae.tasks import features, text
from grammar_rae.tasks.task import Searchable

LINE = {"folds": "toy_task:FOLDS"}


class Folds:
    """RNA secondary structures in dots and brackets; valid where the brackets match."""

    name = "folds"
    column = "fold"
    valid = "folds"
    properties = ("pairs",)
    colour = "pairs"
    medium = text.TEXT
    assessment = "shares"
    spelling = None
    drawing = None
    search = Searchable("structure", None, features.letters)

    def derived_by(self, grammar):
        return self

    def recognised(self, strings):
        return sum(set(item) <= set(".()") for item in strings) / max(1, len(strings))

    def canonical(self, items):
        return [None if why else item for item, why in zip(items, self.reasons(items), strict=True)]

    def reasons(self, items):
        return ["" if matched(item) else "brackets do not match" for item in items]

    def table(self, items, forms=None):
        why = self.reasons(items)
        columns = {"fold": list(items), "valid": [not reason for reason in why], "reason": why}
        pairs = [float(item.count("(")) for item in items]
        return pd.DataFrame({**columns, "canonical": self.canonical(items), "pairs": pairs})

    def seen(self, items):
        return text.hashed(self.canonical, items)

    def shares(self, items, seen=None, forms=None):
        return self.summary(self.table(items), seen)

    def summary(self, table, seen=None):
        return text.summary(self, table, seen)

    def reference(self, items):
        return items

    def reference_table(self, reference):
        return text.some_rows(self.table, reference)

    def measure(self, items, reference=None, seen=None, fcd=False, forms=None):
        return text.measurement(self, items, reference, seen)

    def sections(self, sets, reference, score):
        return []


def matched(item):
    """Whether every bracket closes one that is open, and none stays open."""
    depth = 0
    for character in item:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0 and item != ""


FOLDS = Folds()
