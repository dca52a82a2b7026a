"""evaluate: how good strings are, from us or anybody else, or how good a trained model is."""

from __future__ import annotations

import typer

from grammar_rae.cli.output import progress, show, show_frame
from grammar_rae.errors import DataError


def evaluate(
    files: list[str] = typer.Argument(..., help="Files of strings, or one run folder or shipped model."),
    reference: str = typer.Option(None, help="A file or data set to compare distributions with."),
    train: str = typer.Option(None, help="A file or data set that novelty is counted against."),
    task: str = typer.Option(
        None, help="molecules, expressions, strings or a grammar; guessed when not given."
    ),
    target: str = typer.Option(
        None, help="Expressions: score against this one; 1/3+x+sin(x*x) when not given."
    ),
    data: str = typer.Option(
        None, help="Expressions: score against the points of a CSV file, columns x and y."
    ),
    confirm: float = typer.Option(
        0.0, help="Expressions: let SymPy check for so many seconds which are equal."
    ),
    column: str = typer.Option(None, help="The column of a table that holds the strings."),
    table: str = typer.Option(None, help="Write one row an item, with the reason where it is not valid."),
    n: int = typer.Option(10_000, "-n", help="Samples drawn from a model."),
    encodings: int = typer.Option(
        None, help="A model: encode held-out items so many times (the papers: 10)."
    ),
    decodings: int = typer.Option(
        None, help="A model: decode each encoding so many times (the papers: 100)."
    ),
    prior_points: int = typer.Option(None, help="A model: so many points of N(0, I) (the papers: 1000)."),
    prior_decodes: int = typer.Option(
        None, help="A model: decode each point so many times (the papers: 100)."
    ),
    seed: int = typer.Option(0),
    json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Every metric of the task; several files stand side by side."""
    from grammar_rae.evaluators.tasks import arithmetic
    from grammar_rae.measure import evaluate_files, measure_run
    from grammar_rae.protocols import pair
    from grammar_rae.runs import is_model

    reconstruct = pair(encodings, decodings, (10, 100))
    prior = pair(prior_points, prior_decodes, (1000, 100))
    if len(files) == 1 and is_model(files[0]):
        with progress("measuring") as report:
            numbers = measure_run(files[0], n, seed, report, reconstruct, prior)
        show(numbers, json, files[0])
        return
    if reconstruct or prior:
        raise DataError(
            f"encodings, decodings and prior points need one model or run folder; got {', '.join(files)}"
        )
    with progress("measuring"):
        kind = arithmetic(task, target, data, confirm) if target or data or confirm else task
        results = evaluate_files(files, reference, train, kind, column, table)
    if len(files) == 1:
        show(results[0], json, files[0])
    else:
        import pandas as pd

        frame = pd.DataFrame(results, index=pd.Index(files, name="file"))
        show_frame(frame if json else frame.T.rename_axis("metric"), json)
