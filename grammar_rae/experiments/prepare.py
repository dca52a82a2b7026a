"""What a recipe trains on: its data spelled, encoded, checked against the machine, and a run with fresh weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from grammar_rae import datasets
from grammar_rae.catalogue import CODECS, PREPARATIONS, look_up
from grammar_rae.chemistry.diagnosis import reason
from grammar_rae.chemistry.smiles import all_orders
from grammar_rae.codecs.cached import encode_known
from grammar_rae.codecs.codec import Codec
from grammar_rae.datasets.looks import reading_for
from grammar_rae.errors import DataError, RecipeError, excerpt, option
from grammar_rae.files.tables import Reject
from grammar_rae.grammar.counting import counts
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.sampling import distinct_strings
from grammar_rae.machines.coverage import first_refusals
from grammar_rae.memory import available
from grammar_rae.recipes.build import make_autoencoder, make_codec, make_machine
from grammar_rae.recipes.parts import complete
from grammar_rae.recipes.room import Room
from grammar_rae.recipes.schema import OWN, Recipe
from grammar_rae.runs.folder import Run
from grammar_rae.tasks.find import named
from grammar_rae.training.batches import Data

UNIFORM = 10_000
BYTES = 16  # of a weight in training: itself, its gradient, two moments


@dataclass(frozen=True)
class Prepared:
    """A run with fresh weights, its integer rows, the training strings, and the items left out."""

    run: Run
    rows: Data
    texts: list[str]
    rejected: list[Reject]


def prepare(
    recipe: Recipe,
    data: Any = None,
    grammar: str | Path | Grammar | None = None,
) -> Prepared:
    """Everything resolved and encoded; `data` and `grammar` replace the recipe's own.

    RecipeError, GrammarError or DataError says what does not fit.
    """
    raw, rules = _with_grammar(complete(recipe, stored=True), grammar)
    datasets.check_column(raw.data.name if data is None else data, raw.data.column)
    dataset = dataset_of(raw, rules, data, raw.data.column)
    kind, _ = look_up(CODECS, raw.codec.kind, "codec")
    medium = named(dataset.task).medium
    if medium.word != kind.word:
        raise DataError(
            f"{dataset.name} holds {dataset.task}; {raw.name} trains on {kind.word}s, see `grammar-rae datasets`"
        )
    if grammar is not None and not medium.gaps:
        raise RecipeError(
            f"{option('grammar')} {grammar}: {raw.name} trains on {kind.word}s, which no grammar derives"
        )
    parts = _spelled(raw, dataset)
    codec: Any = make_codec(raw, rules, parts[0].readable()[1])
    recipe = _resolved(raw, dataset, codec)
    machine, lines = make_machine(recipe, codec), dataset.lines
    rejected, arrays, texts = list(dataset.rejected), [], []
    for part in parts:
        x, places, failed = encodable(codec, rules, machine, part)
        names = medium.labels(part.items)
        rejected += [Reject(lines.get(names[i], 0), names[i], why) for i, why in failed]
        arrays.append(torch.as_tensor(x))
        texts.append(part.written(places) if medium.novelty else [])
    run = _fresh(recipe, rules, codec, machine, arrays, rejected)
    pad = codec.pad if run.autoencoder.decoder.any_length else None
    return Prepared(run, Data(arrays[0], arrays[1], pad), texts[0], rejected)


@dataclass(frozen=True)
class Spelled:
    """Items, and what a codec reads in their place, None for bad ones; forms of None are the items themselves."""

    items: Sequence[Any]
    forms: Sequence[Any] | None = None

    def readable(self) -> tuple[Sequence[int], Sequence[Any]]:
        """The places of the items that are not bad, and what is read of them."""
        if self.forms is None:
            return range(len(self.items)), self.items
        places = [i for i, form in enumerate(self.forms) if form is not None]
        return places, [self.forms[i] for i in places]

    def written(self, places: Sequence[int]) -> list[Any]:
        """What is read at some places."""
        forms = self.items if self.forms is None else self.forms
        return [forms[i] for i in places]


def _spelled(raw: Recipe, dataset: datasets.Dataset[Any]) -> list[Spelled]:
    """The items to train on and those to validate with, spelled as the recipe says. DataError where all are bad."""
    parts = [Spelled(dataset.train[: raw.data.limit]), Spelled(dataset.valid[: raw.training.valid_examples])]
    medium = named(dataset.task).medium
    if raw.data.prepare != "none" or medium.gaps:
        spell = look_up(PREPARATIONS, raw.data.prepare, "preparation")
        parts = [Spelled(part.items, spell(list(medium.forms(part.items)))) for part in parts]
    for part, purpose in zip(parts, ("train on", "validate with"), strict=True):
        if not len(part.readable()[0]):
            raise DataError(f"{dataset.name}: nothing to {purpose}, {_unreadable(part, dataset.task)}")
    if raw.data.orders:
        if raw.data.prepare != "kekule":
            raise RecipeError(f"{raw.name}: data.orders spells molecules anew; it needs data.prepare kekule")
        first = parts[0]
        more = all_orders(list(first.readable()[1]), raw.data.orders)
        parts[0] = Spelled([*first.items, *more], [*(first.forms or ()), *more])
    return parts


def _unreadable(part: Spelled, task: str) -> str:
    """What is wrong with items of which none can be read."""
    if not len(part.items):
        return f"too few items; expected two {task} or more"
    first = part.items[0]
    why = reason(first) or "not a molecule"
    return f"none of {len(part.items):,} items can be read; the first: «{excerpt(str(first))[0]}»: {why}"


def _with_grammar(raw: Recipe, grammar: str | Path | Grammar | None) -> tuple[Recipe, Grammar | None]:
    """The recipe with the name of a grammar given in place of its own, and the grammar, if any."""
    rules = grammar if isinstance(grammar, Grammar) else None
    if grammar is not None:
        name = str(grammar) if rules is None else rules.name
        raw = raw.model_copy(update={"codec": raw.codec.model_copy(update={"grammar": name})})
    if rules is None and raw.codec.grammar != "none":
        rules = Grammar.read(raw.codec.grammar)
    return raw, rules


def _resolved(raw: Recipe, dataset: datasets.Dataset[Any], codec: Codec[Any, Any]) -> Recipe:
    """Every «auto» replaced by what it turned out to be."""
    changes = {
        "task": dataset.task if raw.task == "auto" else raw.task,
        "data": raw.data.model_copy(update={"name": dataset.name}),
        "codec": raw.codec.model_copy(update=codec.settings),
    }
    return raw.model_copy(update=changes)


def _fresh(
    recipe: Recipe,
    grammar: Grammar | None,
    codec: Codec[Any, Any],
    machine: Any,
    rows: Sequence[torch.Tensor],
    rejected: Sequence[Reject],
) -> Run:
    """A run with weights drawn by the recipe's seed. DataError where there is nothing to train on."""
    if not all(map(len, rows)):
        raise DataError(f"{recipe.data.name}: none of its items can be written; the first: {rejected[0][-1]}")
    with torch.random.fork_rng(), Room(available() // BYTES):
        torch.manual_seed(recipe.training.seed)
        autoencoder = make_autoencoder(recipe, codec, machine)
    coverage = {"train_items": len(rows[0]), "valid_items": len(rows[1]), "not_covered": len(rejected)}
    return Run(recipe, grammar, codec, autoencoder, metrics=coverage)


def encodable(
    codec: Codec[Any, Any], grammar: Grammar | None, machine: Any, part: Spelled
) -> tuple[NDArray[np.integer], list[int], list[tuple[int, str]]]:
    """Rows (m, …) of what can be written, their places, and (place, reason) of the rest.

    `grammar` is the one whose derivations the machine reads, where there is a machine.
    """
    readable, forms = part.readable()
    bad = set(range(len(part.items))).difference(readable)
    failed = [(i, reason(part.items[i]) or "not a molecule") for i in sorted(bad)]
    x, encoded, unparsed = encode_known(codec, forms)
    failed += [(readable[i], str(error)) for i, error in unparsed]
    places = [readable[i] for i in encoded]
    if grammar is None or machine is None or machine.bonds is None:
        return x, places, failed
    first = first_refusals(machine, grammar, x, x.shape[1], part.written(places))
    failed += [(places[row], _why(grammar, x[row], int(first[row]))) for row in np.flatnonzero(first >= 0)]
    return x[first < 0], [i for i, step in zip(places, first, strict=True) if step < 0], failed


def _why(grammar: Grammar, row: NDArray[np.integer], step: int) -> str:
    """What the valence machine has against a derivation (T,)."""
    written = grammar.productions[int(row[step])].rhs
    token = f"{written[0]!r}" if written else "the end"
    return (
        f"{token} at step {step} is not allowed: an unpaired electron, a bond RDKit rewrites, or no room to finish "
        f"within {len(row)} steps"
    )


def dataset_of(
    recipe: Recipe, grammar: Grammar | None, data: Any, column: str | None = None
) -> datasets.Dataset[Any]:
    """What is trained on: `data` with its `column`, or what the recipe names; for «uniform», or where it is left to a
    user who names none, derivations drawn from the grammar.

    RecipeError where there is none to draw from, DataError as `datasets.load`.
    """
    name = data if data is not None else recipe.data.name
    if data is None and name == OWN:
        name = _drawn_if(grammar is not None, recipe)
    if not isinstance(name, str) or name != datasets.UNIFORM:
        found = datasets.load(name, column if data is not None else recipe.data.column, reading_for(grammar))
        if not len(found.train):
            raise DataError(
                f"{found.name}: nothing to train on is at hand; `grammar-rae datasets {found.name}` says what it "
                f"holds, {option('data')} names other data"
            )
        return found
    if grammar is None:
        raise RecipeError(
            f"{recipe.name}: uniform data is drawn from a grammar; name one with {option('grammar')}"
        )
    steps = recipe.codec.settings.get("steps", "auto")
    steps = _uniform_steps(grammar) if steps == "auto" else steps
    items = distinct_strings(grammar, UNIFORM, steps, recipe.training.seed)
    train, valid, _ = datasets.shuffled(items, test=0.0)
    return datasets.Dataset(f"uniform:{grammar.name}", train, valid, [], "strings")


def _drawn_if(derived: bool, recipe: Recipe) -> str:
    """That strings are drawn, where a grammar derives some. RecipeError where the user has to name data."""
    if derived:
        return datasets.UNIFORM
    kind, _ = look_up(CODECS, recipe.codec.kind, "codec")
    images = kind.word == "image"
    what = "a folder of images, an .npz" if images else "a file of strings"
    drawn = "" if images else f"; or name a grammar to draw strings from with {option('grammar')}"
    raise RecipeError(
        f"{recipe.name} trains on data of your own; name it with {option('data')}: {what}, "
        f"or a data set (see `grammar-rae datasets`){drawn}"
    )


def _uniform_steps(grammar: Grammar) -> int:
    """The least budget with many times more derivations than we draw, or 60 steps if none has."""
    least = int(grammar.tables.need[grammar.start])
    most, bound = max(60, least), max(8, least)
    while True:
        totals = accumulate(counts(grammar, bound))
        enough = next((steps for steps, total in enumerate(totals) if total >= 50 * UNIFORM), None)
        if enough is not None or bound == most:
            return enough or most
        bound = min(2 * bound, most)
