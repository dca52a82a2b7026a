"""The run folder: recipe, codec, weights, densities, hashes of the training strings, history, metrics, card.

Complete in itself and copied anywhere. Every file is written under a temporary name and renamed, the weights last:
with them a run is complete, and takes the place of another (`succession.py`).
"""

from __future__ import annotations

import inspect
import io
import json
import os
import shutil
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from grammar_rae.autoencoders.autoencoder import Autoencoder
from grammar_rae.catalogue import CODECS, DENSITIES, look_up
from grammar_rae.chemistry.bonds import BondTable
from grammar_rae.codecs.codec import Codec
from grammar_rae.densities.density import Density, Fitted
from grammar_rae.errors import DataError, excerpt, nearest, one_line, option
from grammar_rae.evaluation.novelty import pack
from grammar_rae.files.atomic import replace
from grammar_rae.files.claims import UNFINISHED
from grammar_rae.files.images import of_images
from grammar_rae.files.objects import read_object
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.recipes.build import make_autoencoder, make_codec, make_machine
from grammar_rae.recipes.parts import complete
from grammar_rae.recipes.room import Room
from grammar_rae.recipes.schema import Recipe
from grammar_rae.recipes.toml import read, write
from grammar_rae.runs import seen, succession
from grammar_rae.runs.shipped import PRETRAINED, names
from grammar_rae.runs.weights import Stored, declared, identity_of, load_weights, pack_weights
from grammar_rae.tasks.find import named
from grammar_rae.tasks.task import Task
from grammar_rae.training.checkpoint import checkpoint_of

TIMES, SPARE = 16, 10**7  # see `room_for`


@dataclass
class Run:
    """What a folder holds, in memory. `grammar` judges syntax, also where the codec writes characters."""

    recipe: Recipe
    grammar: Grammar | None
    codec: Codec[Any, Any]
    autoencoder: Autoencoder
    densities: dict[str, Fitted] = field(default_factory=dict)
    seen: NDArray[np.uint64] | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    place: str = ""  # the folder it was read from

    @property
    def task(self) -> Task:
        """What kind its items are of, as its grammar derives them."""
        return named(self.recipe.task, self.grammar)

    @property
    def machine(self) -> Any:
        """What the decoder may write; None where it may write everything."""
        return self.autoencoder.decoder.machine


def save_start(folder: Path, recipe: Recipe, grammar: Grammar | None) -> None:
    """What is known before training: the resolved recipe and the grammar's text."""
    replace(folder / "recipe.toml", write(recipe))
    if grammar is not None:
        replace(folder / "codec" / "grammar.cfg", grammar.text)


def save(folder: Path, run: Run) -> None:
    """Everything but history and card, the weights last."""
    save_start(folder, run.recipe, run.grammar)
    if run.machine is not None and run.machine.bonds is not None:
        bonds = json.dumps(asdict(run.machine.bonds), indent=1)
        replace(folder / "codec" / "valence.json", bonds + "\n")
    identity = identity_of(run.recipe, run.grammar)
    for name, fitted in run.densities.items():
        save_density(folder, name, fitted, identity)
    if run.seen is not None:
        body = io.BytesIO()
        np.save(body, pack(run.seen))
        replace(folder / "seen.npy", body.getvalue())
    if run.metrics:
        replace(folder / "metrics.json", json.dumps(run.metrics, indent=2) + "\n")
    weights = run.autoencoder.state_dict()
    if run.recipe.training.half_weights:
        weights = {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}
    replace(folder / succession.WEIGHTS, pack_weights(weights, {"identity": identity}))


def save_over(folder: Path, run: Run) -> None:
    """`save` into a folder that may hold a run, which stays until the new one is complete; history and card stay.

    DataError where somebody is at work there, or a training was interrupted.
    """
    with succession.making(folder) as place:
        assert place is not None  # as nothing is resumed
        begun = succession.interrupted(folder)
        if begun is not None and checkpoint_of(begun).is_file():
            raise DataError(
                f"{folder} holds a training that was interrupted; end it with train and {option('resume')}, or name "
                "another folder"
            )
        if place != folder:
            succession.clear(place)
            for name, path in succession.parts(folder, succession.TOLD).items():
                replace(place / name, path.read_bytes())
        save(place, run)


def save_density(folder: Path, name: str, fitted: Fitted, identity: str) -> None:
    """One fitted density; its kind and sizes are in the file's metadata."""
    sizes = {size: str(value) for size, value in fitted.density.sizes.items()}
    metadata = {"identity": identity, "kind": fitted.kind, **sizes}
    replace(folder / "densities" / f"{name}.safetensors", pack_weights(fitted.density.state_dict(), metadata))


def load(folder: Path) -> Run:
    """Read and check the run that a folder holds. DataError names the file that is missing, damaged or does not fit."""
    while True:
        before = succession.state(folder)
        try:
            run = _read(succession.current(folder))
        except DataError:
            if succession.state(folder) == before:
                raise
            continue
        if succession.state(folder) == before:
            run.place = str(folder)
            return run


def _read(folder: Path) -> Run:
    recipe = complete(_recipe(folder), stored=True)
    kind, _ = look_up(CODECS, recipe.codec.kind, "codec")
    word = named(recipe.task).medium.word
    if word != kind.word:
        raise DataError(
            f"{folder / 'recipe.toml'} is damaged: its task {recipe.task} is of {word}s, its codec "
            f"{recipe.codec.kind} of {kind.word}s; copy the whole folder"
        )
    text = folder / "codec" / "grammar.cfg"
    grammar = Grammar.read(text) if text.is_file() else None
    identity = identity_of(recipe, grammar)
    stored = declared(folder / "weights.safetensors", identity)
    codec = make_codec(recipe, grammar)
    machine = make_machine(recipe, codec)
    if machine is not None and machine.bonds is not None:
        _compare(machine.bonds, folder / "codec" / "valence.json")
    with torch.random.fork_rng(), room_for(stored):
        autoencoder = make_autoencoder(recipe, codec, machine)
    load_weights(autoencoder, stored)
    run = Run(recipe, grammar, codec, autoencoder.eval())
    for path in sorted((folder / "densities").glob("*.safetensors")):
        run.densities[path.stem] = _load_density(path, recipe.encoder.latent, identity)
    run.seen = seen.read(folder)
    run.metrics = _metrics(folder)
    return run


def room_for(stored: Stored) -> Room:
    """Making a module takes several times the numbers that a file has of it."""
    return Room(SPARE + TIMES * stored.numbers)


def _metrics(folder: Path) -> dict[str, Any]:
    """What was measured of a run; empty where nothing was. DataError where it is something else than numbers."""
    path, advice = folder / "metrics.json", "copy it again, or delete it: it only holds what was measured"
    if not path.is_file():
        return {}
    found = read_object(path, advice)
    for name, value in found.items():
        if not all(one is None or isinstance(one, int | float | str) for one in _listed(value)):
            raise DataError(f"{path} is damaged ({excerpt(name)[0]} is no number); {advice}")
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def ancestry(folder: Path) -> dict[str, str]:
    """Metrics of a run that starts from the weights of a run: its recipe, and all epochs behind them."""
    metrics = _metrics(folder)
    name = read(folder / "recipe.toml").name
    before = f"{metrics['trained_before']}, " if "trained_before" in metrics else ""
    return {"started_from": name, "trained_before": f"{before}{metrics.get('epochs', '?')} epochs of {name}"}


def find(name: str | Path) -> Path:
    """The folder of a shipped model's name or a path. DataError asks for the nearest name there is."""
    if not isinstance(name, str | Path):
        raise DataError(
            f"{excerpt(repr(name))[0]} is a {type(name).__name__}; expected a model's name or folder"
        )
    if os.path.isdir(name):
        return Path(name)
    if name and os.path.isdir(PRETRAINED / str(name)):
        return PRETRAINED / str(name)
    shown = excerpt(str(name))[0] or repr("")
    raise DataError(
        f"no model {shown}: expected a run folder or a shipped model; {nearest(str(name), names())}"
    )


def is_model(name: str | Path) -> bool:
    """Whether `find` would find it, and it is no folder of images."""
    if not os.path.isdir(name):
        return os.path.isdir(PRETRAINED / str(name))
    return os.path.isfile(Path(name) / "recipe.toml") or not of_images(name)


def _recipe(folder: Path) -> Recipe:
    if not (folder / "recipe.toml").is_file():
        raise DataError(f"{folder} is not a run folder: it holds no recipe.toml")
    return read(folder / "recipe.toml")


def _compare(installed: BondTable, path: Path) -> None:
    """Say so where the installed RDKit sees the atoms otherwise than the one the model was trained under."""
    try:
        stored = TypeAdapter(BondTable).validate_python(read_object(path, "copy the whole folder"))
    except ValidationError as error:
        raise DataError(f"{path} is damaged ({one_line(error)}); copy the whole folder") from error
    changed = installed.difference(stored)
    if changed:
        warnings.warn(
            f"RDKit {installed.rdkit} allows other bonds than {excerpt(stored.rdkit)[0]}, which "
            f"{path.parent.parent.name} was trained under, to {excerpt(', '.join(changed))[0]}; molecules are valid by "
            "the installed one",
            stacklevel=3,
        )


def _load_density(path: Path, latent: int, identity: str) -> Fitted:
    stored = declared(path, identity)
    if any(0 in shape for shape in stored.shapes.values()):
        raise DataError(f"{path} is damaged (it is made of nothing); fit it again")
    kind = stored.metadata.get("kind", "")
    if kind not in DENSITIES:
        raise DataError(
            f"{path}: no density is called {excerpt(kind or path.stem)[0]}; there are: {', '.join(DENSITIES)}"
        )
    _, empty, *_ = look_up(DENSITIES, kind, "density")
    try:
        sizes = {name: int(stored.metadata[name]) for name in list(inspect.signature(empty).parameters)[1:]}
        with torch.random.fork_rng(), room_for(stored):
            density: Density = empty(latent, **sizes)
    except (KeyError, ValueError, RuntimeError) as error:
        raise DataError(f"{path} is damaged (its sizes: {one_line(error)}); fit it again") from error
    load_weights(density, stored)
    return Fitted(kind, density)


def copy(folder: Path, out: Path) -> None:
    """The same run in another folder, complete in itself; checkpoints and TensorBoard's files are left out."""
    left_out = shutil.ignore_patterns(
        "checkpoint*", "tensorboard", "seen.*", f".*{UNFINISHED}", succession.NEXT
    )
    shutil.copytree(succession.current(folder), out, ignore=left_out, dirs_exist_ok=True)
    hashes = seen.file_of(succession.current(folder))
    if hashes is not None:
        replace(out / "seen.npy", hashes.read_bytes())
