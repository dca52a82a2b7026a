"""Expressions of one variable, compared with a target expression or with points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grammar_rae.datasets.looks import looks_like_expression
from grammar_rae.errors import DataError
from grammar_rae.evaluation.expressions import scores
from grammar_rae.evaluation.expressions.points import read_points
from grammar_rae.evaluation.expressions.programs import is_arithmetic
from grammar_rae.evaluation.expressions.table import expression_metrics, expression_table
from grammar_rae.evaluation.expressions.target import Target, target_of
from grammar_rae.evaluation.metrics import EXPRESSION_PROPERTIES
from grammar_rae.files.layout import Reading
from grammar_rae.limits.ranges import within
from grammar_rae.tasks import features, text
from grammar_rae.tasks.task import Drawing, Measurement, Numbers, Searchable

if TYPE_CHECKING:
    from grammar_rae.grammar.grammar import Grammar
    from grammar_rae.report.html import Html
    from grammar_rae.report.sets import ItemSet, Reference


@cache
def published() -> Target:
    """The target of Kusner et al. on its grid."""
    return target_of(scores.TARGET, scores.standard())


@dataclass(frozen=True)
class ExpressionTask:
    """By `equation.cfg` or a grammar of its shapes, scored against a target, the published one where None.

    SymPy is asked for up to so many `seconds` whether those that seem equal are.
    """

    grammar: Grammar | None = None
    target: Target | None = None
    target_name: str = scores.TARGET
    seconds: float = 0.0

    name = "expressions"
    column = "expression"
    valid = "expressions"
    properties = EXPRESSION_PROPERTIES
    colour = "score"
    assessment = "shares"
    spelling = None

    @property
    def medium(self) -> text.Text:
        """Strings, whose blanks do not count."""
        return text.Text(Reading(partial(looks_like_expression, grammar=self.grammar)), scores.without_blanks)

    @property
    def drawing(self) -> Drawing:
        """Curves over the target's points."""
        return curve_drawing(None)

    @property
    def search(self) -> Searchable:
        """Curves of values, and what equals what."""
        return Searchable(
            "values",
            "grae-equations",
            features.of_strings(self.grammar),
            values=partial(scores.value_features, grammar=self.grammar),
            alike=partial(scores.alike, grammar=self.grammar),
            likeness=("error", "expression:"),
        )

    def derived_by(self, grammar: Grammar | None) -> ExpressionTask:
        """The same for `equation.cfg`, and for a grammar that has rules without an arithmetic meaning."""
        if grammar is None or grammar.text == scores.standard().text or not is_arithmetic(grammar):
            return self
        return replace(self, grammar=grammar)

    def recognised(self, strings: Sequence[str]) -> float:
        """The share that `equation.cfg` derives, blanks aside."""
        return 1 - len(scores.faults(strings)) / len(strings) if strings else 0.0

    def canonical(self, items: Sequence[str]) -> list[str | None]:
        """Without blanks."""
        return scores.canonical_expressions(items, self.grammar)

    def reasons(self, items: Sequence[str]) -> list[str]:
        """Why each one has no value, or no derivation."""
        faults = scores.faults(items, self.grammar)
        return [faults.get(place, "") for place in range(len(items))]

    def table(self, items: Sequence[str], forms: Sequence[str | None] | None = None) -> pd.DataFrame:
        """As `expression_table`."""
        return expression_table(items, self.target or published(), self.grammar, self.seconds)

    def seen(self, items: Sequence[str]) -> NDArray[np.uint64]:
        """Hashes of the expressions without blanks."""
        return text.hashed(self.canonical, items)

    def shares(
        self,
        items: Sequence[str],
        seen: NDArray[np.uint64] | Sequence[str] | None = None,
        forms: Sequence[str | None] | None = None,
    ) -> Numbers:
        """All of `summary`."""
        return self.summary(self.table(items), seen)

    def summary(self, table: pd.DataFrame, seen: NDArray[np.uint64] | Sequence[str] | None = None) -> Numbers:
        """With what `expression_metrics` says, of `seen` where that is no hashes."""
        train = None if isinstance(seen, np.ndarray) else seen
        return text.summary(self, table, seen) | expression_metrics(table, train, self.grammar)

    def reference(self, items: Sequence[str]) -> Sequence[str]:
        """The expressions themselves."""
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
        """The metrics of `expression_metrics`, and properties beside a reference's."""
        if fcd:
            text.refuse_fcd(self)
        return text.measurement(self, items, reference, seen)

    def sections(self, sets: Sequence[ItemSet], reference: Reference | None, score: str) -> list[Html]:
        """The best ones as curves, and why some have no value."""
        from grammar_rae.report.items import curve_section, refused_section

        return [curve_section(sets, self.target or published(), self.target_name), refused_section(sets)]


EXPRESSIONS = ExpressionTask()


def arithmetic(
    task: str | Path | Grammar | None = None,
    target: str | None = None,
    data: str | Path | None = None,
    seconds: float = 0.0,
) -> ExpressionTask:
    """Expressions by `equation.cfg` or the grammar that `task` names, against a target or the points of a CSV file.

    DataError as `target_of` and `read_points`, where both a target and points are given, and for a task that is no
    arithmetic.
    """
    from grammar_rae.grammar.grammar import Grammar

    within(confirm=seconds)
    if isinstance(task, str | Path) and str(task) in {"molecules", "strings"}:
        raise DataError(f"a target, points or SymPy's opinion are for expressions; the task is {task}")
    if target is not None and data is not None:
        raise DataError(f"both a target, {target}, and points, {data}; expected one of them")
    name = "equation.cfg" if task in (None, "expressions") else task
    grammar = name if isinstance(name, Grammar) else Grammar.read(str(name))
    wanted = scores.TARGET if target is None else target
    goal = read_points(data) if data is not None else target_of(wanted, grammar)
    words = wanted if data is None else f"the points of {data}"
    return ExpressionTask(grammar, goal, words, seconds)


def curve_drawing(target: Target | None) -> Drawing:
    """Expressions as curves, over a target in grey where there is one."""

    def grid(
        items: Sequence[str], path: str | Path, legends: Sequence[str] | None = None, most: int | None = None
    ) -> int:
        """Curves as one PNG, each with its legend as title."""
        from grammar_rae.report import figures

        drawn = list(items)[: figures.MOST_CURVES if most is None else most]
        figures.save(figures.curves(drawn, target, None if legends is None else legends[: len(drawn)]), path)
        return len(drawn)

    return Drawing(grid, ".4g")
