"""evaluate: how good strings are, from us or anybody else, or how good a trained model is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from grammar_rae.cli.output import progress, show, show_frame


def evaluate(
    files: list[str] = typer.Argument(
        ..., help="Files of strings, or one run folder or shipped model; image models: one or more."
    ),
    reference: str = typer.Option(None, help="A file or data set to compare distributions with."),
    train: str = typer.Option(None, help="A file or data set that novelty is counted against."),
    task: str = typer.Option(
        None, help="molecules, expressions, strings or a grammar; guessed when not given."
    ),
    column: str = typer.Option(None, help="The column of a table that holds the strings."),
    table: str = typer.Option(None, help="Write one row an item, with the reason where it is not valid."),
    report: Path = typer.Option(None, help="Of image models: write a page, numbers and pictures."),
    features: str = typer.Option(
        "classifier", help="Of images: classifier, inception (FID), or a TorchScript file."
    ),
    n: int = typer.Option(10_000, "-n", help="Samples drawn from a model."),
    seed: int = typer.Option(0),
    json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Every metric of the task; several files stand side by side."""
    from grammar_rae.errors import DataError
    from grammar_rae.measure import evaluate_files, measure_run
    from grammar_rae.runs import draws_images, is_model

    if all(is_model(name) for name in files) and any(draws_images(name) for name in files):
        from grammar_rae.measure_images import measure_runs

        with progress("measuring") as moved:
            results = measure_runs(files, n, seed, moved, features, report, "cpu")
        _side_by_side(files, results, json)
        return
    if report is not None:
        raise DataError("--report writes the page of image models; of strings, see --table")
    if len(files) == 1 and is_model(files[0]):
        with progress("measuring") as moved:
            numbers = measure_run(files[0], n, seed, moved)
        show(numbers, json, files[0])
        return
    with progress("measuring"):
        results = evaluate_files(files, reference, train, task, column, table)
    _side_by_side(files, results, json)


def _side_by_side(names: list[str], results: list[dict[str, Any]], json: bool) -> None:
    if len(names) == 1:
        show(results[0], json, names[0])
    else:
        import pandas as pd

        frame = pd.DataFrame(results, index=pd.Index(names, name="file"))
        show_frame(frame if json else frame.T.rename_axis("metric"), json)
