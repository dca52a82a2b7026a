"""train, density: models made and densities fitted."""

from __future__ import annotations

from pathlib import Path

import typer

from grammar_rae.cli.output import progress, show


def train(
    recipe: str = typer.Argument(..., help="A recipe's name (see `recipes`) or a .toml file."),
    data: str = typer.Option(None, help="A data set's name, a file, or uniform: drawn from the grammar."),
    grammar: str = typer.Option(None, help="A .cfg file, or the name of a shipped grammar."),
    out: Path = typer.Option(None, help="The run folder; runs/<recipe> when not given."),
    from_: str = typer.Option(None, "--from", help="Start from the weights of this model or run folder."),
    set_: list[str] = typer.Option([], "--set", help="Change the recipe: training.epochs=3."),
    resume: bool = typer.Option(False, help="Go on from the checkpoint in --out."),
    device: str = typer.Option("cpu", help="cpu or cuda."),
    devices: int = typer.Option(1, help="How many, for data-parallel training."),
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Train, fit the densities, measure, write the run folder."""
    from lightning_fabric.utilities.rank_zero import rank_zero_only

    from grammar_rae.experiment import train as run

    folder = out or Path("runs") / Path(recipe).stem
    with progress("reading data") as report:
        model = run(
            recipe,
            data=data,
            grammar=grammar,
            out=folder,
            from_=from_,
            overrides=tuple(set_),
            resume=resume,
            device=device,
            devices=devices,
            report=report,
        )
    if getattr(rank_zero_only, "rank", 0) == 0:
        show(model.run.metrics, json, str(folder))


def density(
    run: str = typer.Argument(..., help="A run folder."),
    fit: str = typer.Option(..., help="gaussian, gmm or box."),
    components: int = typer.Option(None, help="Gaussians of the mixture, for gmm; 10 when not given."),
    data: str = typer.Option(None, help="Whose codes; the run's own training data when not given."),
    seed: int = typer.Option(0),
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Fit a density on the codes of the training data and keep it in the run folder."""
    from grammar_rae.experiment import add_density

    settings = {} if components is None else {"components": components}
    with progress("encoding") as report:
        numbers = add_density(run, fit, data, seed, settings, report)
    show(numbers, json, f"{run}: {fit}")
