"""Models of strings, measured by shares: of valid, distinct and new samples, of items that come back the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grammar_rae import datasets
from grammar_rae.chance import permutation
from grammar_rae.errors import DataError, option
from grammar_rae.experiments import protocols
from grammar_rae.experiments.assessment import Assessed, Numbers, Plan, Reading, Reconstructed
from grammar_rae.experiments.card import origin, percent, row
from grammar_rae.experiments.clusters import component_lists
from grammar_rae.experiments.discrepancy import discrepancy_lines, value_discrepancy
from grammar_rae.experiments.latent import latent_lines, latent_numbers
from grammar_rae.experiments.protocols import reconstruction, reconstruction_stochastic
from grammar_rae.experiments.rungs import varied_lists
from grammar_rae.model.decoding import has_budget, has_semantics
from grammar_rae.model.model import Model
from grammar_rae.model.sampling import Drawn, Sampling, draw
from grammar_rae.progress import Report, silent

TRAINING_ITEMS = 5000
HELD_OUT_ITEMS = 10_000
REVISIONS = 64
COMPONENT_ITEMS = 8  # strings of a component
VARIED, TIMES = 6, 6  # items of which rungs are drawn anew, and how often
PER_SAMPLE = ("valid", "unique", "novel", "defined", "ten_heavy_atoms")
MEANING = {
    "completed": "`completed`: finished without a step budget, the papers' decoder.",
    "defined": "`defined`: a value at x = 0, the official validity of character models.",
    "valid_by_syntax": "`valid by syntax`: with valence not enforced.",
    "novel": "`novel`: distinct and not among the training strings.",
}


class Shares:
    """`completed_<density>`: derivations finished without step budget, as the papers' decoder works.

    `valid_by_syntax_<density>`: valid where valence is not enforced, what the model knows of chemistry itself.
    """

    def measure(self, model: Model, plan: Plan, progress: Report) -> Assessed:
        """Then reconstructions, where the recipe's data is at hand, and the stochastic protocols asked for."""
        if plan.features != Plan.features:
            raise DataError(
                f"{option('features')} {plan.features}: compares images; {model.recipe.name} writes {model.task}"
            )
        numbers = protocols.measured(model, plan.reconstruct, plan.prior, plan.seed, progress)
        own: Drawn | None = None
        for density in model.densities:
            progress(f"sampling {density}", 0.0)
            drawn = draw(model, plan.n, Sampling(density, seed=plan.seed), silent)
            if density == model.default_density:
                own = drawn
            numbers |= {f"{name}_{density}": share for name, share in _of_samples(model, drawn).items()}
            numbers |= _unmasked(model, density, plan)
        held, lists = _of_held_out(model, plan, progress)
        numbers |= held
        own = own or draw(model, plan.n, Sampling(seed=plan.seed), silent)
        return Assessed(model, own, numbers, {**model.run.metrics, **numbers}, lists=lists)

    def lines(self, model: Model, plan: Plan) -> list[str]:
        """Tables of samples and reconstructions, in percent."""
        recipe, metrics = model.recipe, model.run.metrics
        names = (*PER_SAMPLE, "completed", "valid_by_syntax")
        head = [name for name in names if f"{name}_{model.default_density}" in metrics]
        lines = [
            origin(model, "items"),
            "",
            f"Measured by `grammar-rae evaluate {recipe.name} -n {plan.n} --seed {plan.seed}`; shares of {plan.n:,} "
            "samples a density, and of reconstructions: the likeliest string, one drawn at temperature 1, and the "
            f"likeliest revised up to {REVISIONS} times (`decode --revisions`).",
            "",
            row("density", *(name.replace("_", " ") for name in head)),
            "|---" * (len(head) + 1) + "|",
        ]
        for density in model.densities:
            lines.append(row(density, *(percent(metrics.get(f"{name}_{density}")) for name in head)))
        parts = [part for part in ("train", "valid", "test") if f"reconstructed_{part}" in metrics]
        if parts:
            lines += [
                "",
                row("items", "number", "reconstructed", "drawn", "revised"),
                "|---|---|---|---|---|",
            ]
        for part in parts:
            shares = [metrics.get(f"reconstructed_{part}{way}") for way in ("", "_sampled", "_revised")]
            lines.append(row(part, f"{metrics[f'reconstructed_{part}_items']:,}", *map(percent, shares)))
        lines += [
            "",
            *discrepancy_lines(metrics),
            *_stochastic_lines(model),
            *latent_lines(metrics, plan.likelihood is not None),
        ]
        return [*lines, *(text for name, text in MEANING.items() if name in head)]

    def reconstruct(
        self, model: Model, items: Sequence[str], reading: Reading, progress: Report
    ) -> Reconstructed:
        """Over every valid item; those the model cannot read count as failures."""
        if reading.counts is None:
            table, numbers = reconstruction(model, items, seed=reading.seed, revisions=reading.revisions)
        elif reading.revisions:
            raise DataError(
                f"encodings and decodings are drawn, not revised; leave out {option('revisions')} or them"
            )
        else:
            table, numbers = reconstruction_stochastic(
                model,
                items,
                *reading.counts,
                temperature=reading.temperature,
                seed=reading.seed,
                masks=reading.masks,
                report=progress,
            )
        return Reconstructed(table["reconstruction"].tolist(), table, numbers)


SHARES = Shares()


def _of_samples(model: Model, drawn: Drawn) -> Numbers:
    """`PER_SAMPLE`, those that have a value."""
    shares = model.run.task.shares(drawn.items, model.run.seen, drawn.forms)
    return {name: shares[name] for name in PER_SAMPLE if shares.get(name) is not None}


def _unmasked(model: Model, density: str, plan: Plan) -> Numbers:
    """What is finished without the step budget, and valid without semantics, where the model's machine has them."""
    numbers: Numbers = {}
    if has_budget(model):
        raw = model.generate(plan.n, density=density, seed=plan.seed, budget=False, raw=True)
        numbers[f"completed_{density}"] = float(np.mean([text != "" for text in raw]))
    if has_semantics(model):
        strings = model.generate(plan.n, density=density, seed=plan.seed, syntax_only=True)
        forms = model.run.task.canonical(strings)
        numbers[f"valid_by_syntax_{density}"] = sum(form is not None for form in forms) / len(forms)
    return numbers


def _of_held_out(
    model: Model, plan: Plan, progress: Report
) -> tuple[Numbers, dict[str, dict[str, list[str]]]]:
    """Reconstructions of the recipe's data, where it is at hand, and `latent_numbers` of its held-out items; and
    `component_lists` and `varied_lists`.
    """
    try:
        data = datasets.load(model.recipe.data.name, model.recipe.data.column)
    except DataError:
        return {}, {}
    lists: dict[str, dict[str, list[str]]] = {}
    numbers = _reconstructions(model, data, plan.seed, progress)
    progress("value discrepancy", 0.0)
    numbers |= value_discrepancy(model, data.train, REVISIONS)
    x, places, _ = model.rows_known((data.test or data.valid)[: min(plan.n, HELD_OUT_ITEMS)])
    if places:
        progress("log-likelihood", 0.0)
        numbers |= latent_numbers(model, x, plan.likelihood, plan.seed)
        codes = model.codes(x)
        lists = component_lists(model, codes, COMPONENT_ITEMS, plan.seed)
        lists |= varied_lists(model, codes[:VARIED], TIMES, plan.seed)
    return numbers, lists


def _reconstructions(model: Model, data: datasets.Dataset[str], seed: int, progress: Report) -> Numbers:
    """Shares of items of each part of a data set: greedy, drawn, revised."""
    parts = {
        "train": [data.train[i] for i in permutation(len(data.train), seed)[:TRAINING_ITEMS]],
        "valid": data.valid[:HELD_OUT_ITEMS],
        "test": data.test[:HELD_OUT_ITEMS],
    }
    numbers: Numbers = {}
    for part, items in parts.items():
        if items:
            progress(f"reconstructing {part}", 0.0)
            name = f"reconstructed_{part}"
            numbers[name] = reconstruction(model, items)[1]["reconstructed"]
            drawn = reconstruction(model, items, temperature=1.0, seed=seed)
            numbers[f"{name}_sampled"] = drawn[1]["reconstructed"]
            revised = reconstruction(model, items, seed=seed, revisions=REVISIONS)
            numbers[f"{name}_revised"] = revised[1]["reconstructed"]
            numbers[f"{name}_items"] = len(items)
    return numbers


def _stochastic_lines(model: Model) -> list[str]:
    """Of the papers' protocols, none where none was measured."""
    metrics, lines = model.run.metrics, []
    if "reconstructed_stochastic" in metrics:
        encodings, decodings = (metrics[f"reconstructed_stochastic_{k}"] for k in ("encodings", "decodings"))
        once = " (its encoder is deterministic: more encodings would be the same)" if encodings == 1 else ""
        lines += [
            f"Stochastic reconstruction of {metrics['reconstructed_stochastic_items']:,} held-out items, "
            f"{encodings} encoding{'s' * (encodings > 1)} of each{once} and {decodings} decodings of that: "
            f"{percent(metrics['reconstructed_stochastic'])}.",
            "",
        ]
    densities = [name for name in model.densities if f"valid_{name}_stochastic" in metrics]
    if densities:
        names = ("valid", "unique", "valid_without_budget", "valid_by_syntax")
        head = [name for name in names if f"{name}_{densities[0]}_stochastic" in metrics]
        points, decodings = metrics["stochastic_points"], metrics["stochastic_decodings"]
        lines += [
            f"{points:,} points of a density, {decodings} decodings each:",
            "",
            row("density", *(name.replace("_", " ") for name in head)),
            "|---" * (len(head) + 1) + "|",
        ]
        for density in densities:
            shares = [metrics.get(f"{name}_{density}_stochastic") for name in head]
            lines.append(row(density, *map(percent, shares)))
        lines.append("")
    return lines
