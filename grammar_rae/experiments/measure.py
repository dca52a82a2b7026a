"""A trained model measured; its numbers kept in the run folder's metrics.json and CARD.md."""

from __future__ import annotations

import json
from pathlib import Path

from grammar_rae.experiments.assessment import Assessed, Plan, assessment_of
from grammar_rae.experiments.card import card
from grammar_rae.model.model import Model
from grammar_rae.progress import Report
from grammar_rae.runs import folder as runs
from grammar_rae.runs.shipped import is_shipped


def measure_run(model: Model, folder: Path, plan: Plan, progress: Report) -> Assessed:
    """The model of a run folder; of one that comes with the package nothing is kept.

    DataError as `Assessment.measure`, or where the folder cannot be written.
    """
    assessment = assessment_of(model)
    assessed = assessment.measure(model, plan, progress)
    model.run.metrics |= assessed.numbers
    if not is_shipped(folder):
        runs.replace(folder / "metrics.json", json.dumps(model.run.metrics, indent=2) + "\n")
        runs.replace(folder / "CARD.md", card(model, assessment.lines(model, plan)))
    return assessed
