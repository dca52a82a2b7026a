"""Evaluators: strings in, numbers and tables out. They never see a model."""

from __future__ import annotations

from grammar_rae.evaluators.report import evaluate, measured, summary, table
from grammar_rae.evaluators.tasks import TASKS, Task, task_for

__all__ = ["TASKS", "Task", "evaluate", "measured", "summary", "table", "task_for"]
