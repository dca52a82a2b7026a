"""optimize: latent-space search for strings with a high score, from a start or anywhere, or for a formula."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from grammar_rae.cli.generate import Json
from grammar_rae.cli.options import number, unused
from grammar_rae.cli.output import show, show_frame
from grammar_rae.errors import DataError

if TYPE_CHECKING:
    from grammar_rae.optimization import Round
    from grammar_rae.workflows.optimize import SearchResult

SHOWN = 10  # best strings
COLUMNS = ("score", "evaluation", "novel", "sa", "heavy_atoms", "steps", "depth")  # shown; `best.csv` has all

ModelName = typer.Option(
    None,
    "--model",
    "-m",
    help="A shipped model or a run folder; grae-smiles, with --data grae-equations "
    "(a run of the recipe grae-formulas knows more shapes).",
)
ScoreName = typer.Option(
    None,
    help="qed, plogp, similarity:SMILES, 0.7*qed+0.3*logp, expression:1/3+x+sin(x*x), python:module:function …",
)
Data = typer.Option(None, help="A table with the columns x and y: fit a formula to the points.")
Start = typer.Option(None, help="Begin with this string and search around it.")
Similarity = number(None, "Least Tanimoto similarity to --start.", "similarity")
Budget = number(500, "How many strings are scored.", "budget")
Batch = number(10, "Strings a round.", "batch")
Region = typer.Option(
    "trust", help="trust (around the best), density (where the model's density is high) or box."
)
Acquisition = typer.Option("logei", help="logei (expected improvement) or thompson.")
Surrogate = typer.Option(
    None,
    help="values (of expressions), structure (of strings; others' default), or of codes: exact, sparse.",
)
Candidates = number(300, "Codes decoded a round, to choose the strings from.", "candidates")
Samples = number(1, "Decode to the most frequent of so many draws; 1: the likeliest.", "samples")
RetrainEvery = number(None, "Refit the model after so many evaluations.", "retrain_every")
RankWeight = number(
    None, "With --retrain-every: the smaller, the more the best count; 0.001 when not given.", "rank_weight"
)
MaxAtoms = number(
    None, "Larger molecules, by heavy atoms, are never scored; ZINC has at most 38.", "max_atoms"
)
Timeout = number(None, "Seconds a string that a python: score may take; 60 when not given.", "timeout")
Seed = number(0, "The same seed gives the same run.", "seed")
Out = typer.Option(
    None, help="Keep journal, best.csv and pictures here; the same command again goes on after a kill."
)
Device = typer.Option("cpu", help="cpu or cuda.")


def optimize(
    model: str = ModelName,
    score: str = ScoreName,
    data: str = Data,
    start: str = Start,
    similarity: float = Similarity,
    budget: int = Budget,
    batch: int = Batch,
    region: str = Region,
    acquisition: str = Acquisition,
    surrogate: str = Surrogate,
    candidates: int = Candidates,
    samples: int = Samples,
    retrain_every: int = RetrainEvery,
    rank_weight: float = RankWeight,
    max_atoms: int = MaxAtoms,
    timeout: float = Timeout,
    seed: int = Seed,
    out: Path = Out,
    device: str = Device,
    json: bool = Json,
) -> None:
    """Search a model's latent space for strings with a high score."""
    wanted = _specification(score, data)
    if retrain_every is None:
        unused("is for models that are refitted; add --retrain-every N", rank_weight=rank_weight)
    if "python:" not in wanted:
        unused("is for scores of your own, python:module:function", timeout=timeout)
    from grammar_rae.workflows.findings import search_and_write
    from grammar_rae.workflows.optimize import Search, model_for

    search = Search(
        model_for(wanted) if model is None else model,
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
        rank_weight=Search.rank_weight if rank_weight is None else rank_weight,
        max_atoms=max_atoms,
        timeout=Search.timeout if timeout is None else timeout,
        seed=seed,
        out=out,
        device=device,
        report=_print_round,
    )
    result = search_and_write(search, data)
    early = _ended_early(result.numbers["evaluations"], similarity, max_atoms)
    _print_result(result, wanted, json, early if result.numbers["stopped_early"] else "")
    if result.table.empty:
        raise DataError(result.without_score or early)


def _specification(score: str | None, data: str | None) -> str:
    """The score that --score names, or that of --data. DataError where there are both or none."""
    if score is not None and data is None:
        return score
    if data is not None and score is None:
        return f"data:{data}"
    raise DataError(
        "optimize needs a score, --score qed say, or points to fit a formula to, --data points.csv; not both"
    )


def _ended_early(evaluations: int, similarity: float | None, max_atoms: int | None) -> str:
    """Why a search ended before its budget, in words."""
    limits = {"--similarity": similarity, "--max-atoms": max_atoms}
    within = " and ".join(f"{name} {limit:g}" for name, limit in limits.items() if limit is not None)
    return (
        f"stopped after {evaluations} evaluations: nothing new {f'within {within} ' if within else ''}is decoded there "
        f"any more; try {'other limits, ' if within else ''}another region, or more --samples"
    )


def _print_result(result: SearchResult, title: str, json: bool, early: str) -> None:
    """The best strings and the run in numbers; on standard error, that it ended early, or scores are missing."""
    if not result.table.empty:
        for words in filter(None, (early, result.without_score)):
            print(words, file=sys.stderr)
    if not json and len(result.table):
        best = result.table.head(SHOWN).set_index(result.table.columns[0])
        show_frame(best[[name for name in best if name in COLUMNS]].convert_dtypes(), False)
    show(result.numbers, json, title)


def _print_round(round: Round) -> None:
    """One line a round on standard error; silent where that is no terminal."""
    if not sys.stderr.isatty():
        return
    print(
        f"round {round.number}: {round.evaluations} evaluations, best {round.best:.4f}, "
        f"{100 * round.scored:.0f} % with a score, {round.seconds:.1f} s",
        file=sys.stderr,
    )
