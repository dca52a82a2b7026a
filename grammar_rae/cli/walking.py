"""interpolate, neighbours: walks through latent space, as a table and a picture."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from grammar_rae.cli.generating import Device, Json, ModelName, Seed
from grammar_rae.cli.output import progress, show_frame

if TYPE_CHECKING:
    import pandas as pd

ScoreName = typer.Option(None, help="A score to show beside each item: qed, plogp, python:mine:function, ...")
Grid = typer.Option(None, help="Draw what is passed through as a PNG: molecules, or expressions as curves.")
Out = typer.Option(None, help="Write the table here (.csv, .parquet), or the strings alone (.smi, .txt).")


def interpolate(
    a: str = typer.Argument(..., help="The item the walk starts from: a SMILES, an expression."),
    b: str = typer.Argument(..., help="The item it goes to."),
    steps: int = typer.Option(8, help="Codes decoded on the way, those of both items included."),
    path: str = typer.Option("straight", help="straight, or spherical: about the origin, at an even rate."),
    model: str = ModelName,
    score: str = ScoreName,
    grid: Path = Grid,
    out: str = Out,
    device: str = Device,
    json: bool = Json,
) -> None:
    """What lies between two items in latent space; share 0 and 1 are what the items' own codes decode to."""
    from grammar_rae.model import Model
    from grammar_rae.walking import interpolation, picture

    with progress("walking"):
        loaded = Model.load(model, device)
        frame = interpolation(loaded, a, b, steps, path, score)
        if grid is not None:
            picture(frame, loaded, {"A": a, "B": b}, grid)
    _show(frame, out, json, f"from {a} to {b}")


def neighbours(
    item: str = typer.Argument(..., help="A SMILES, an expression."),
    n: int = typer.Option(20, "-n", help="How many different neighbours at most."),
    radius: float = typer.Option(
        1.0, help="How far to look; 1 is as far as a code commonly lies from the mean of all codes."
    ),
    model: str = ModelName,
    score: str = ScoreName,
    grid: Path = Grid,
    out: str = Out,
    seed: int = Seed,
    device: str = Device,
    json: bool = Json,
) -> None:
    """What lies around an item in latent space, nearest first."""
    from grammar_rae.model import Model
    from grammar_rae.walking import neighbourhood, picture

    with progress("walking"):
        loaded = Model.load(model, device)
        frame = neighbourhood(loaded, item, n, radius, seed, score)
        if grid is not None:
            picture(frame, loaded, {"A": item}, grid)
    if len(frame) < n:
        print(f"{len(frame):,} different neighbours within a radius of {radius:g}", file=sys.stderr)
    _show(frame, out, json, f"around {item}")


def _show(frame: pd.DataFrame, out: str | None, json: bool, title: str) -> None:
    """The table to a file, if one is named, and on the screen, if that is not where the file goes."""
    if out is not None:
        from grammar_rae.files import write

        write(out, frame)
    if out != "-":
        show_frame(frame.set_index(frame.columns[0]), json, title)
