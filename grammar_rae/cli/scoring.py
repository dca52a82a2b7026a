"""evaluate: how good strings are, from us or anybody else, or how good a trained model is."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import typer

from grammar_rae.cli.output import progress, show, show_side_by_side
from grammar_rae.errors import DataError


def evaluate(
    files: list[str] = typer.Argument(
        ..., help="Files of strings, or one run folder or shipped model; image models: one or more."
    ),
    reference: str = typer.Option(
        None, help="A file, or the held-out part of a data set, to compare distributions with."
    ),
    train: str = typer.Option(
        None, help="A file, or the training part of a data set, that novelty is counted against."
    ),
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
    fcd: bool = typer.Option(
        False, "--fcd", help="The Fréchet ChemNet distance too: slow, needs a reference."
    ),
    features: str = typer.Option(
        "classifier", help="Of images: classifier, inception (FID), or a TorchScript file."
    ),
    report: Path = typer.Option(None, help="Write a page: metrics, distributions, drawings, reasons."),
    model: str = typer.Option(None, help="Show on the page where this model's latent space has the items."),
    best: str = typer.Option("qed", help="Property the best molecules on the page are drawn by."),
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
    from grammar_rae.experiments.assessment import Plan
    from grammar_rae.files import write
    from grammar_rae.tasks.expressions import arithmetic
    from grammar_rae.workflows import evaluate as workflow
    from grammar_rae.workflows import page
    from grammar_rae.workflows.reconstruct import pair

    if report is not None:
        page.check(report)
    if table is not None and len(files) > 1:
        raise DataError(f"--table takes the rows of one file; {len(files)} were given")
    counts = pair(encodings, decodings, (10, 100)), pair(prior_points, prior_decodes, (1000, 100))
    with progress("measuring") as moved:
        kind = arithmetic(task, target, data, confirm) if target or data or confirm else task
        how = workflow.Comparison(reference, train, kind, column, fcd)
        found = workflow.evaluate(files, how, Plan(n, seed, features, *counts), moved)
        if table is not None:
            write(table, found.sets[0].table)
        if report is not None:
            page.write_page(report, found, seed, model, best, shlex.join(["grammar-rae", *sys.argv[1:]]))
    if len(files) == 1:
        show(found.numbers[0], json, files[0])
    else:
        show_side_by_side(files, found.numbers, json)
