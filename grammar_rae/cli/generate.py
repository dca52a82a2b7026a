"""generate, reconstruct, encode, decode: what a trained model does with strings, images and codes."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from grammar_rae.cli.options import apart, number, unused
from grammar_rae.cli.output import progress, show, show_frame

ModelName = typer.Option(
    "grae-smiles", "--model", "-m", help="A shipped model (see `models`) or a run folder."
)
Device = typer.Option("cpu", help="cpu, cuda or cuda:N.")
Seed = number(0, "The same seed gives the same strings, whatever the batch size.", "seed")
Json = typer.Option(False, "--json", help="Print one JSON object.")
File = typer.Argument(
    ...,
    help=".smi, .txt, .csv, .tsv, .parquet, .sdf (.gz on text), or - for standard input; images: a folder or .npz.",
)
Revisions = number(
    0,
    "Read what was written and write it again, up to so often, until its code is the one asked for.",
    "revisions",
)
Column = typer.Option(
    None, help="The column of a table that holds the strings, or its number; also as FILE:COLUMN."
)
Count = number(1000, "How many strings or images.", "n", "-n")
DensityName = typer.Option(
    None,
    help="prior, or one the model has (gmm, gaussian, box, …; see `density`); its own when not given.",
)
Temperature = number(None, "Of decoding, 0: the likeliest; the model's own when not given.", "temperature")
NoiseOption = number(
    None,
    "Standard deviation of noise added to the codes, of which the decoder is told; the model's own when not given.",
    "noise",
)
Unique = typer.Option(False, help="Every string once; stops after 20 n draws and says so.")
Raw = typer.Option(False, help="Strings as written, molecules not made canonical.")
Budget = typer.Option(True, help="Without it a derivation may stay unfinished (the papers' decoder).")
SyntaxOnly = typer.Option(
    False, "--syntax-only", help="Enforce the grammar but not valence: what the model writes on its own."
)
Keep = number(
    1.0,
    "Draw more, keep this share of every thousand: the strings the model itself believed in most.",
    "keep",
)
Start = typer.Option(
    None,
    help="Complete the beginning of a SMILES, such as 'c1ccccc1C(=O)N' or 'CC(N'; the last atom grows.",
)
Rung = number(
    None, "With --component: draw this rung of the code, 1 the lowest, of one component (vlac).", "rung"
)
Component = number(None, "Of the rung that --rung names, from 1.", "component")
ItemsOut = typer.Option(
    None,
    help="Write the strings here (.csv and .parquet: with every property); images: .npz or a folder.",
)
Grid = typer.Option(None, help="Draw the first twenty molecules or hundred images as a PNG.")


def generate(
    n: int = Count,
    model: str = ModelName,
    density: str = DensityName,
    temperature: float = Temperature,
    noise: float = NoiseOption,
    unique: bool = Unique,
    raw: bool = Raw,
    budget: bool = Budget,
    syntax_only: bool = SyntaxOnly,
    keep: float = Keep,
    start: str = Start,
    rung: int = Rung,
    component: int = Component,
    out: str = ItemsOut,
    grid: Path = Grid,
    seed: int = Seed,
    device: str = Device,
    json: bool = Json,
) -> None:
    """Draw strings or images, write them, and print how good the strings are."""
    from grammar_rae.chance import DRAWS
    from grammar_rae.machines.machine import Masks
    from grammar_rae.model.sampling import Sampling
    from grammar_rae.workflows.generate import generate as run

    masks = Masks(budget, not syntax_only)
    how = Sampling(
        density,
        temperature,
        seed,
        masks,
        keep,
        start,
        unique,
        raw,
        rung,
        component,
        noise,
    )
    with progress("loading") as report:
        drawn = run(model, n, how, out, grid, device, report)
    examples, count = drawn.examples(), len(drawn.items)
    if out != "-" and not json and len(examples):
        show_frame(examples, False)
    if count < n:
        word = drawn.task.medium.word
        print(f"stopped after {DRAWS * n:,} draws: {count:,} different {word}s", file=sys.stderr)
    show(drawn.numbers, json, f"{n:,} from {model}", error=out == "-" and not json)


def reconstruct(
    file: str = File,
    model: str = ModelName,
    column: str = Column,
    encodings: int = number(
        None, "Also encode every item so many times at random; the papers: 10.", "encodings"
    ),
    decodings: int = number(
        None, "Also decode every encoding so many times at random; the papers: 100.", "decodings"
    ),
    temperature: float = number(None, "Of these decodings; 1 when not given.", "temperature"),
    budget: bool = typer.Option(
        True, help="Without it these decodings may stay unfinished (the papers' decoder)."
    ),
    revisions: int = Revisions,
    out: str = typer.Option(
        None,
        help="Write item, reconstruction, whether they agree, and the share of draws; images: .npz or a folder.",
    ),
    seed: int = Seed,
    device: str = Device,
    json: bool = Json,
) -> None:
    """Encode and decode a file's items; the share that comes back the same, of images the error."""
    from grammar_rae.experiments.assessment import Reading
    from grammar_rae.machines.machine import Masks
    from grammar_rae.workflows.reconstruct import pair
    from grammar_rae.workflows.reconstruct import reconstruct as run

    apart([file], out=out)
    counts = pair(encodings, decodings, (10, 100))
    if counts is None:
        drawn = "is for what is drawn at random; add --encodings or --decodings"
        unused(drawn, temperature=temperature, no_budget=not budget)
    with progress("loading") as report:
        temperature = Reading.temperature if temperature is None else temperature
        reading = Reading(revisions, seed, counts, temperature, Masks(budget))
        result = run(model, file, reading, column, out, device, report)
    show(result.numbers, json, f"{file} through {model}")


def encode(
    file: str = File,
    out: Path = typer.Option(..., help="The .npz to write: codes (n, latent) and the items they belong to."),
    model: str = ModelName,
    column: str = Column,
    device: str = Device,
    json: bool = Json,
) -> None:
    """Latent codes of a file's items; the ones the model cannot read are reported with their lines."""
    from grammar_rae.workflows.encode import encode as run

    apart([file], out=out)
    with progress("encoding"):
        numbers = run(model, file, out, column, device)
    show(numbers, json, str(out))


def decode(
    file: Path = typer.Argument(
        ..., help="An .npz as `encode` writes it, with an array `codes`, or an .npy of codes."
    ),
    model: str = ModelName,
    out: str = typer.Option("-", help="Where the strings go; images: .npz or a folder."),
    temperature: float = number(
        None,
        "Above 0 each item is drawn; 0: the likeliest, as when not given, unless its pixels see others (lossy).",
        "temperature",
    ),
    revisions: int = Revisions,
    seed: int = Seed,
    device: str = Device,
) -> None:
    """The strings or images of latent codes."""
    from grammar_rae.workflows.encode import decode as run

    apart([file], out=out)
    with progress("decoding"):
        run(model, file, out, device, temperature=temperature, seed=seed, revisions=revisions)
