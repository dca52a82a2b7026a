"""train, density: models made and densities fitted."""

from __future__ import annotations

from pathlib import Path

import typer

from grammar_rae.catalogue import DENSITIES
from grammar_rae.cli.options import number
from grammar_rae.cli.output import progress, show, show_frame

Column = typer.Option(
    None, help="The column of the table --data that holds the strings, or its number; also as FILE:COLUMN."
)


def train(
    recipe: str = typer.Argument(..., help="A recipe's name (see `recipes`) or a .toml file."),
    data: str = typer.Option(None, help="A data set's name, a file, or uniform: drawn from the grammar."),
    column: str = Column,
    grammar: str = typer.Option(None, help="A .cfg file, or the name of a shipped grammar."),
    out: Path = typer.Option(None, help="The run folder; runs/<recipe> when not given."),
    from_: str = typer.Option(None, "--from", help="Start from the weights of this model or run folder."),
    set_: list[str] = typer.Option([], "--set", help="Change the recipe: training.epochs=3."),
    resume: bool = typer.Option(
        False, help="Go on from the checkpoint in --out; begin anew where there is none."
    ),
    device: str = typer.Option("cpu", help="cpu, cuda or cuda:N."),
    devices: int = number(1, "How many, for data-parallel training.", "devices"),
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Train, fit the densities, measure, write the run folder."""
    from lightning_fabric.utilities.rank_zero import rank_zero_only

    from grammar_rae.experiments.train import train as run

    folder = out or Path("runs") / Path(recipe).stem
    with progress("reading data") as report:
        model = run(
            recipe,
            data=data,
            column=column,
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
    run: str = typer.Argument(..., help="A run folder, or a shipped model with --compare or --out."),
    fit: str = typer.Option(None, help=f"What to fit: {', '.join(DENSITIES)}."),
    compare: bool = typer.Option(False, help="Log-density of training and held-out codes, every density."),
    name: str = typer.Option(None, help="What `generate --density` calls it; the kind when not given."),
    components: int = number(None, "gmm: how many (10); dirichlet: at most (50).", "components"),
    bandwidth: str = typer.Option(None, help="kde: a number in the units of the codes, scott or silverman."),
    form: str = typer.Option(None, help="two_stage: dai_wipf, which fits samples of the posterior, or rae."),
    width: int = number(
        None, "flow, two_stage, flow_matching: of the hidden layers (128, 256, 192).", "width"
    ),
    layers: int = number(None, "flow: transforms (3); two_stage: hidden layers (as published).", "layers"),
    blocks: int = number(None, "flow_matching: residual blocks (3).", "blocks"),
    steps: int = number(None, "flow_matching: from noise to a code, midpoint rule (10).", "steps"),
    epochs: int = number(None, "flow, two_stage, flow_matching: at most (60, 100, 60).", "epochs"),
    set_: list[str] = typer.Option([], "--set", help="Any other setting of the density: at_most=5000."),
    codes: str = typer.Option(None, help="means or samples of the posterior; what the recipe says."),
    data: str = typer.Option(None, help="Whose codes; the run's own training data when not given."),
    column: str = Column,
    out: Path = typer.Option(None, help="Leave the run alone: write a copy with the density here."),
    seed: int = number(0, "Of what is drawn at random.", "seed"),
    device: str = typer.Option("cpu", help="cpu, cuda or cuda:N."),
    json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Fit a density on the codes of the training data and keep it in the run folder; compare those there are."""
    from grammar_rae.errors import RecipeError
    from grammar_rae.experiments import density as expost
    from grammar_rae.recipes.toml import assignment

    given = {
        "components": components,
        "bandwidth": bandwidth,
        "form": form,
        "width": width,
        "layers": layers,
        "blocks": blocks,
        "steps": steps,
        "epochs": epochs,
    }
    settings = {setting: value for setting, value in given.items() if value is not None}
    settings |= dict(assignment(text, "at_most=5000") for text in set_)
    if fit is None and (not compare or settings or any(one is not None for one in (name, codes, out))):
        raise RecipeError(
            "which density? give --fit with one of its settings, --compare alone for all there are"
        )
    numbers, table = {}, None
    with progress("reading data") as report:
        if fit is not None:
            request = expost.DensityRequest(fit, settings, name, codes, seed)
            numbers = expost.add_density(run, request, data, out, device, report, column)
        if compare:
            table = expost.compare(out or run, data, device, report, column)
    if table is None:
        show(numbers, json, str(out or run))
    else:
        show_frame(table, json, f"{out or run}: mean log-density, nats a code")
