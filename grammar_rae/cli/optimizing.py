"""optimize: latent-space search for strings with a high score, from a start or anywhere, or for a formula."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from grammar_rae.cli.generating import Json
from grammar_rae.cli.output import show, show_frame
from grammar_rae.errors import DataError

if TYPE_CHECKING:
    from grammar_rae.optimization import Round

SHOWN = 10  # best strings
BESIDE = ("score", "evaluation", "novel", "sa", "heavy_atoms", "steps", "depth")  # shown; `best.csv` has all


def optimize(
    model: str = typer.Option(
        None,
        "--model",
        "-m",
        help="A shipped model or a run folder; grae-smiles, with --data grae-equations "
        "(a run of the recipe grae-formulas knows more shapes).",
    ),
    score: str = typer.Option(
        None,
        help="qed, plogp, similarity:SMILES, 0.7*qed+0.3*logp, expression:1/3+x+sin(x*x), python:module:function …",
    ),
    data: str = typer.Option(None, help="A table with the columns x and y: fit a formula to the points."),
    start: str = typer.Option(None, help="Begin with this string and search around it."),
    similarity: float = typer.Option(None, help="Least Tanimoto similarity to --start, 0 to 1."),
    budget: int = typer.Option(500, help="How many strings are scored."),
    batch: int = typer.Option(10, help="Strings a round."),
    region: str = typer.Option(
        "trust", help="trust (around the best), density (where the model's density is high) or box."
    ),
    acquisition: str = typer.Option("logei", help="logei (expected improvement) or thompson."),
    surrogate: str = typer.Option(
        None,
        help="values (of expressions), structure (of strings; others' default), or of codes: exact, sparse.",
    ),
    candidates: int = typer.Option(300, help="Codes decoded a round, to choose the strings from."),
    samples: int = typer.Option(1, help="Decode to the most frequent of so many draws; 1: the likeliest."),
    retrain_every: int = typer.Option(None, help="Refit the model after so many evaluations."),
    rank_weight: float = typer.Option(
        1e-3, help="With --retrain-every: the smaller, the more the best count."
    ),
    max_atoms: int = typer.Option(
        None, help="Larger molecules, by heavy atoms, are never scored; ZINC has at most 38."
    ),
    timeout: float = typer.Option(60.0, help="Seconds a string that a python: score may take."),
    seed: int = typer.Option(0, help="The same seed gives the same run."),
    out: Path = typer.Option(
        None, help="Keep journal, best.csv and pictures here; the same command again goes on after a kill."
    ),
    device: str = typer.Option("cpu", help="cpu or cuda."),
    json: bool = Json,
) -> None:
    """Search a model's latent space for strings with a high score."""
    if (score is None) == (data is None):
        raise DataError(
            "optimize needs a score, --score qed say, or points to fit a formula to, --data points.csv; not both"
        )
    from grammar_rae.findings import fit_of, write_findings
    from grammar_rae.search import optimize as search

    wanted = score if data is None else f"data:{data}"
    of_expressions = wanted.startswith(("expression:", "data:", "mse:"))
    found = search(
        model or ("grae-equations" if of_expressions else "grae-smiles"),
        wanted,
        budget,
        start=start,
        similarity=similarity,
        region=region,
        acquisition=acquisition,
        surrogate=surrogate,
        batch=batch,
        candidates=candidates,
        samples=samples,
        retrain_every=retrain_every,
        rank_weight=rank_weight,
        max_atoms=max_atoms,
        timeout=timeout,
        seed=seed,
        out=out,
        device=device,
        report=_line,
    )
    numbers = found.numbers if data is None else {**found.numbers, **fit_of(found, data)}
    if out is not None:
        write_findings(found, out, data)
    if found.numbers["stopped_early"]:
        print(
            f"stopped after {numbers['evaluations']} evaluations: nothing new is decoded there any more; "
            "try another region, or more --samples",
            file=sys.stderr,
        )
    if not json and len(found.table):
        first = found.table.head(SHOWN).set_index(found.table.columns[0])
        show_frame(first[[name for name in first if name in BESIDE]].convert_dtypes(), False)
    show(numbers, json, wanted)


def _line(round: Round) -> None:
    """One line a round on standard error; silent where that is no terminal."""
    if not sys.stderr.isatty():
        return
    print(
        f"round {round.number}: {round.evaluations} evaluations, best {round.best:.4f}, "
        f"valid {100 * round.valid:.0f} %, {round.seconds:.1f} s",
        file=sys.stderr,
    )
