"""Files of items, or trained models, measured and set side by side."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from grammar_rae.errors import DataError, option
from grammar_rae.experiments.assessment import Assessed, Numbers, Plan
from grammar_rae.experiments.measure import measure_run
from grammar_rae.model.model import Model
from grammar_rae.progress import Report, silent
from grammar_rae.runs import folder
from grammar_rae.runs.shipped import is_shipped
from grammar_rae.runs.succession import at_work
from grammar_rae.tasks.compared import compared
from grammar_rae.tasks.filed import measure_file
from grammar_rae.tasks.find import read_file
from grammar_rae.tasks.task import Measurement, Task


@dataclass(frozen=True)
class Comparison:
    """What items are compared with, all by name: a file, or a data set, whose training part stands for it as `train`,
    its validation and test parts as `reference`; the items' kind, guessed where None; the column of tables that holds
    them, and those of the reference and the training set where they are others; whether the Fréchet ChemNet distance is
    asked for.
    """

    reference: str | None = None
    train: str | None = None
    task: str | Task | None = None
    column: str | None = None
    fcd: bool = False
    reference_column: str | None = None
    train_column: str | None = None


@dataclass(frozen=True)
class Evaluated:
    """Sets of items, or models, by name; their numbers, and what they were compared with."""

    names: Sequence[str]
    task: Task
    numbers: Sequence[Numbers]
    reference: Any
    how: Comparison
    read: Sequence[Measurement] = ()
    models: Sequence[Assessed] = field(default=())

    @cached_property
    def sets(self) -> Sequence[Measurement]:
        """Every metric and the table of each set, of a model's samples from its own density."""
        return self.read or [_sampled(one, self.reference, None, self.how.fcd) for one in self.models]


def _sampled(one: Assessed, reference: Any, train: Any, fcd: bool) -> Measurement:
    """The samples of a model, measured as those of a file; new is what it was not trained on, or is not in `train`."""
    seen = one.model.run.seen if train is None else train
    return one.model.run.task.measure(one.drawn.items, reference, seen, fcd, one.drawn.forms)


def evaluate(names: Sequence[str], how: Comparison, plan: Plan, progress: Report = silent) -> Evaluated:
    """Files, or run folders and shipped models alone. DataError where they hold items of several kinds, or as
    `evaluate_files` and `evaluate_runs`.
    """
    if all(map(folder.is_model, names)):
        return evaluate_runs(names, how, plan, progress)
    models = [name for name in names if folder.is_model(name)]
    if models:
        other = next(name for name in names if name not in models)
        raise DataError(f"{models[0]} is read as a model, {other} as items; evaluate them apart")
    if plan.reconstruct or plan.prior or plan.likelihood is not None:
        raise DataError(
            f"encodings, decodings, prior points and likelihoods need one model or run folder; got {', '.join(names)}"
        )
    return evaluate_files(names, how)


def evaluate_files(names: Sequence[str], how: Comparison) -> Evaluated:
    """Every metric of the items of each file. DataError as `Medium.read`, or for files of two kinds."""
    task, first = read_file(names[0], how.task, how.column)
    other = compared(how.reference, task, "reference", how.reference_column, how.column)
    train = compared(how.train, task, "train", how.train_column, how.column)
    reference = None if other.items is None else task.reference(other.items)
    sets, numbers = [], []
    for place, name in enumerate(names):
        kind, items = read_file(name, how.task, how.column) if place else (task, first)
        if kind.name != task.name:
            raise DataError(
                f"{names[0]} holds {task.name}, {name} {kind.name}; say what they are with {option('task')}"
            )
        sets.append(measure_file(task, items, reference, train.items, how.fcd))
        numbers.append({**sets[-1].numbers, **other.said, **train.said, "rejected": len(items.rejected)})
    return Evaluated(names, task, numbers, reference, how, read=sets)


def evaluate_runs(names: Sequence[str], how: Comparison, plan: Plan, progress: Report = silent) -> Evaluated:
    """Each model measured, the card of a run folder written; with something to compare with, its samples too, as those
    of a file. DataError as `measure_run`, or for models of two kinds."""
    folders = [folder.find(name) for name in names]
    with ExitStack() as stack:
        for place in dict.fromkeys(place.resolve() for place in folders if not is_shipped(place)):
            stack.enter_context(at_work(place))
        models = [Model.load(name) for name in names]
        task = models[0].run.task
        for name, model in zip(names, models, strict=True):
            if model.task != task.name:
                raise DataError(f"{names[0]} writes {task.name}, {name} {model.task}; evaluate them apart")
        other = compared(how.reference, task, "reference", how.reference_column, how.column)
        train = compared(how.train, task, "train", how.train_column, how.column)
        reference = None if other.items is None else task.reference(other.items)
        assessed = [
            measure_run(model, place, plan, progress) for place, model in zip(folders, models, strict=True)
        ]
    numbers, sets = [one.reported for one in assessed], []
    if how.reference is not None or how.train is not None or how.fcd:
        sets = [_sampled(one, reference, train.items, how.fcd) for one in assessed]
        numbers = [
            {**measured.numbers, **own, **other.said, **train.said}
            for measured, own in zip(sets, numbers, strict=True)
        ]
    return Evaluated(names, task, numbers, reference, how, read=sets, models=assessed)
