"""Items of a file through a model and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from grammar_rae.errors import DataError
from grammar_rae.experiments.assessment import Reading, Reconstructed, assessment_of
from grammar_rae.model.model import Model
from grammar_rae.progress import Report, silent


def reconstruct(
    name: str | Path,
    path: str,
    reading: Reading,
    column: str | None = None,
    out: str | None = None,
    device: str = "cpu",
    progress: Report = silent,
) -> Reconstructed:
    """How a file's items come back, written to `out`. Errors as `Medium.read` and `Assessment.reconstruct`."""
    model = Model.load(name, device)
    medium = model.run.task.medium
    if out is not None:
        medium.check(out)
    progress("reading", 0.0)
    items = medium.read(path, column)
    if not len(items.values):
        raise DataError(
            f"{path}: none of its {medium.word}s can be read; the first: {items.rejected[0].reason}"
        )
    result = assessment_of(model).reconstruct(model, items.values, reading, progress)
    if items.rejected:
        result = replace(result, numbers={**result.numbers, "rejected": len(items.rejected)})
    if out is not None:
        medium.write(out, result.items, result.table)
    return result


def pair(first: int | None, second: int | None, published: tuple[int, int]) -> tuple[int, int] | None:
    """Both counts where one is given, the other as published; None where neither is."""
    if first is None and second is None:
        return None
    return published[0] if first is None else first, published[1] if second is None else second
