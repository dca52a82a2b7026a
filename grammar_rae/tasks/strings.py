"""Strings of any language: those that a grammar derives, or without one all that are not empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grammar_rae.datasets.looks import reading_for
from grammar_rae.errors import brief
from grammar_rae.evaluation.metrics import STRING_PROPERTIES
from grammar_rae.tasks import features, text
from grammar_rae.tasks.task import Measurement, Numbers, Searchable

if TYPE_CHECKING:
    from grammar_rae.grammar.grammar import Grammar
    from grammar_rae.report.html import Html
    from grammar_rae.report.sets import ItemSet, Reference


@dataclass(frozen=True)
class StringTask:
    """Of the grammar, if any, that derives the valid ones.

    `judged`: whether anybody said that they are strings; of strings that are only not recognised no share is valid.
    """

    grammar: Grammar | None = None
    judged: bool = True

    name = "strings"
    column = "string"
    properties = STRING_PROPERTIES
    colour = "length"
    assessment = "shares"
    spelling = None
    drawing = None

    @property
    def valid(self) -> str:
        """All that can be said of strings that nobody knows is that they are not empty."""
        return "valid" if self.judged else "not empty"

    @property
    def medium(self) -> text.Text:
        """Strings as they are, all blanks kept where the grammar derives some."""
        return text.Text(reading_for(self.grammar))

    @property
    def search(self) -> Searchable:
        """What strings are made of."""
        return Searchable("structure", None, features.of_strings(self.grammar))

    def derived_by(self, grammar: Grammar | None) -> StringTask:
        """Strings of another grammar, or of none."""
        return replace(self, grammar=grammar)

    def recognised(self, strings: Sequence[str]) -> float:
        """A tenth, whatever they are: less of any other kind is an accident."""
        return 0.1

    def reasons(self, items: Sequence[str]) -> list[str]:
        """ "empty", "missing", or the first line of the parser's error."""
        if self.grammar is None:
            return ["" if item else "empty" for item in items]
        from grammar_rae.grammar.parsing.parser import parse_known

        why = ["missing" if item is None else "" for item in items]
        for place, error in parse_known(self.grammar, [item or "" for item in items])[2]:
            why[place] = ("" if items[place] else "empty") or brief(error)
        return why

    def canonical(self, items: Sequence[str]) -> list[str | None]:
        """Each string as it is, None where the grammar does not derive it."""
        return [None if why else item for item, why in zip(items, self.reasons(items), strict=True)]

    def table(self, items: Sequence[str], forms: Sequence[str | None] | None = None) -> pd.DataFrame:
        """string, valid, reason, canonical, and the length in characters, NaN where it is not valid."""
        why = self.reasons(items)
        return pd.DataFrame(
            {
                "string": list(items),
                "valid": [not reason for reason in why],
                "reason": why,
                "canonical": [None if reason else item for item, reason in zip(items, why, strict=True)],
                "length": [
                    np.nan if reason else float(len(item)) for item, reason in zip(items, why, strict=True)
                ],
            }
        )

    def seen(self, items: Sequence[str]) -> NDArray[np.uint64]:
        """Hashes of the strings."""
        return text.hashed(self.canonical, items)

    def shares(
        self,
        items: Sequence[str],
        seen: NDArray[np.uint64] | Sequence[str] | None = None,
        forms: Sequence[str | None] | None = None,
    ) -> Numbers:
        """valid, unique and novel."""
        return self.summary(self.table(items), seen)

    def summary(self, table: pd.DataFrame, seen: NDArray[np.uint64] | Sequence[str] | None = None) -> Numbers:
        """Shares, and the mean length."""
        numbers = text.summary(self, table, seen)
        return numbers if self.judged else numbers | {"valid": None}

    def reference(self, items: Sequence[str]) -> Sequence[str]:
        """The strings themselves."""
        return items

    def reference_table(self, reference: Sequence[str]) -> pd.DataFrame:
        """Some thousands of them as a table."""
        return text.some_rows(self.table, reference)

    def measure(
        self,
        items: Sequence[str],
        reference: Any = None,
        seen: NDArray[np.uint64] | Sequence[str] | None = None,
        fcd: bool = False,
        forms: Sequence[str | None] | None = None,
    ) -> Measurement:
        """Shares, lengths, and lengths beside a reference's."""
        if fcd:
            text.refuse_fcd(self)
        return text.measurement(self, items, reference, seen)

    def sections(self, sets: Sequence[ItemSet], reference: Reference | None, score: str) -> list[Html]:
        """Examples, and why some are not derived."""
        from grammar_rae.report.items import refused_section, string_section

        return [string_section(sets), refused_section(sets)]


STRINGS = StringTask()
UNKNOWN = StringTask(judged=False)
