"""evaluate: how good strings are, from us or anybody else, or how good a trained model is."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import typer

from grammar_rae.cli.options import apart, number, unused
from grammar_rae.cli.output import progress, show_side_by_side
from grammar_rae.errors import DataError

Files = typer.Argument(
    ..., help="Files of strings or images, folders of images, or run folders and shipped models."
)
Reference = typer.Option(
    None, help="A file, or the held-out part of a data set, to compare distributions with."
)
Train = typer.Option(
    None, help="A file, or the training part of a data set, that novelty is counted against."
)
Task = typer.Option(
    None, help="molecules, expressions, strings, images or a grammar; guessed when not given."
)
Target = typer.Option(None, help="Expressions: score against this one; 1/3+x+sin(x*x) when not given.")
Points = typer.Option(None, help="Expressions: score against the points of a CSV file, columns x and y.")
Confirm = number(None, "Expressions: let SymPy check for so many seconds which are equal.", "confirm")
Column = typer.Option(
    None, help="The column of a table that holds the strings, or its number; also as FILE:COLUMN."
)
ReferenceColumn = typer.Option(None, help="The column of the reference; as FILE, or the one --column names.")
TrainColumn = typer.Option(None, help="The column of the training set; as FILE, or the one --column names.")
Table = typer.Option(None, help="Write one row an item, with the reason where it is not valid.")
Fcd = typer.Option(False, "--fcd", help="The Fréchet ChemNet distance too: slow, needs a reference.")
Features = typer.Option(
    None, help="A model of images: classifier (when not given), inception (FID), or a TorchScript file."
)
Page = typer.Option(None, help="Write a page: metrics, distributions, drawings, reasons.")
MapModel = typer.Option(None, help="Show on the page where this model's latent space has the items.")
BestBy = typer.Option(None, help="Property the best molecules on the page are drawn by; qed when not given.")
Count = number(None, "Samples drawn from a model; 10,000 when not given.", "n", "-n")
Encodings = number(None, "A model: encode held-out items so many times (the papers: 10).", "encodings")
Decodings = number(None, "A model: decode each encoding so many times (the papers: 100).", "decodings")
PriorPoints = number(None, "A model: so many points of N(0, I) (the papers: 1000).", "prior_points")
PriorDecodes = number(None, "A model: decode each point so many times (the papers: 100).", "prior_decodes")
Likelihood = number(
    None,
    "A model: log-likelihood of up to -n held-out items, so many draws each (the papers: 500 to 5000).",
    "likelihood",
)
Seed = number(0, "Of what is drawn at random.", "seed")
Json = typer.Option(False, "--json", help="Print JSON.")


def evaluate(
    files: list[str] = Files,
    reference: str = Reference,
    train: str = Train,
    task: str = Task,
    target: str = Target,
    data: str = Points,
    confirm: float = Confirm,
    column: str = Column,
    reference_column: str = ReferenceColumn,
    train_column: str = TrainColumn,
    table: str = Table,
    fcd: bool = Fcd,
    features: str = Features,
    report: Path = Page,
    model: str = MapModel,
    best: str = BestBy,
    n: int = Count,
    encodings: int = Encodings,
    decodings: int = Decodings,
    prior_points: int = PriorPoints,
    prior_decodes: int = PriorDecodes,
    likelihood: int = Likelihood,
    seed: int = Seed,
    json: bool = Json,
) -> None:
    """Every metric of the task; several files stand side by side."""
    from grammar_rae.experiments.assessment import Plan
    from grammar_rae.files.tables import is_table, write
    from grammar_rae.runs.folder import is_model
    from grammar_rae.tasks.expressions import arithmetic
    from grammar_rae.workflows import evaluate as workflow
    from grammar_rae.workflows.reconstruct import pair

    if reference is None:
        unused(
            "says where the reference has its strings; add --reference FILE",
            reference_column=reference_column,
        )
    if train is None:
        unused("says where the training set has its strings; add --train FILE", train_column=train_column)
    if report is None:
        unused("is for the page; add --report page.html", model=model, best=best)
    else:
        from grammar_rae.workflows.page import check

        check(report)
    if all(map(is_model, files)):
        unused(
            "is for files; a model says what it writes", task=task, target=target, data=data, confirm=confirm
        )
        unused("is for files; the page of a model shows its own codes", model=model)
        if reference is None and train is None:
            unused("is for tables; a model has no columns", column=column)
    else:
        unused("is for models; these are files", n=n, features=features)
    apart([*files, reference, train, data], table=table, report=report)
    if table is not None and len(files) > 1:
        raise DataError(f"--table takes the rows of one file; {len(files)} were given")
    if table is not None and not is_table(table):
        raise DataError(f"--table {table}: its lines have no room for reasons; write .csv, .tsv or .parquet")
    counts = pair(encodings, decodings, (10, 100)), pair(prior_points, prior_decodes, (1000, 100))
    with progress("measuring") as moved:
        judged = any(given is not None for given in (target, data, confirm))
        kind = arithmetic(task, target, data, confirm or 0.0) if judged else task
        columns = (reference_column, train_column)
        plan = Plan(n or Plan.n, seed, Plan.features if features is None else features, *counts, likelihood)
        how = workflow.Comparison(reference, train, kind, column, fcd, *columns)
        evaluated = workflow.evaluate(files, how, plan, moved)
        if table is not None:
            write(table, evaluated.sets[0].table)
        if report is not None:
            from grammar_rae.workflows.page import write_page

            write_page(
                report,
                evaluated,
                seed,
                model,
                "qed" if best is None else best,
                shlex.join(["grammar-rae", *sys.argv[1:]]),
            )
    show_side_by_side(files, evaluated.numbers, json)
