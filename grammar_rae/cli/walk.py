"""interpolate, neighbours: walks through latent space, as a table and a picture."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from grammar_rae.cli.generate import Device, Json, ModelName, Seed
from grammar_rae.cli.options import apart, number
from grammar_rae.cli.output import progress, show_frame

if TYPE_CHECKING:
    from grammar_rae.workflows.walk import Walk

ScoreName = typer.Option(None, help="A score to show beside each item: qed, plogp, python:mine:function, ...")
Grid = typer.Option(
    None, help="Draw what is passed through as a PNG: molecules, images, or expressions as curves."
)
Out = typer.Option(
    None,
    help="Write the table here (.csv, .parquet), or the strings alone (.smi, .txt); images: .npz or a folder.",
)


def interpolate(
    a: str = typer.Argument(
        ..., help="The item the walk starts from: a SMILES, an expression, an image's file."
    ),
    b: str = typer.Argument(..., help="The item it goes to."),
    steps: int = number(8, "Codes decoded on the way, those of both items included.", "steps"),
    path: str = typer.Option("straight", help="straight, or spherical: about the origin, at an even rate."),
    model: str = ModelName,
    score: str = ScoreName,
    grid: Path = Grid,
    out: str = Out,
    device: str = Device,
    json: bool = Json,
) -> None:
    """What lies between two items in latent space; share 0 and 1 are what the items' own codes decode to."""
    from grammar_rae.workflows.walk import interpolate as run

    apart([a, b], grid=grid, out=out)
    with progress("walking"):
        walk = run(model, a, b, steps, path, score, device)
    _show(walk, grid, out, json, f"from {a} to {b}")


def neighbours(
    item: str = typer.Argument(..., help="A SMILES, an expression, an image's file."),
    n: int = number(20, "How many different neighbours at most.", "n", "-n"),
    radius: float = number(
        1.0, "How far to look; 1 is as far as a code commonly lies from the mean of all codes.", "radius"
    ),
    rung: int = number(
        None, "Of a ladder: move this part of the code alone, 1 the lowest, and keep the others.", "rung"
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
    from grammar_rae.workflows.walk import neighbours as run

    apart([item], grid=grid, out=out)
    with progress("walking"):
        walk = run(model, item, n, radius, seed, score, device, rung)
    if len(walk.items) < n:
        print(_too_few(len(walk.items), n, item, radius), file=sys.stderr)
    _show(walk, grid, out, json, f"around {item}")


def _too_few(found: int, n: int, item: str, radius: float) -> str:
    """How many of n neighbours there are, and how to find more."""
    there = f"{found:,} of {n:,} neighbours" if found else "no neighbour"
    rest = (
        f"all other codes there decode to these, {item}"
        if found
        else f"all codes there decode to {item} itself"
    )
    return f"{there} within a radius of {radius:g}: {rest} or nothing valid; a larger --radius finds more"


def _show(walk: Walk, grid: Path | None, out: str | None, json: bool, title: str) -> None:
    """Pictures and tables to files, if they are named, and the table on the screen, if no file goes there.

    A table without rows is shown as JSON alone.
    """
    if grid is not None:
        walk.draw(grid)
    if out is not None:
        walk.write(out)
    if out != "-" and (json or len(walk.table)):
        show_frame(walk.table.set_index(walk.table.columns[0]), json, title)
