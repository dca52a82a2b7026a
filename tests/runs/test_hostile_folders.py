"""Run folders of anybody: what is not as it should be is one line, at once, and nothing of its size is made."""

import json
import os
import shutil
import struct

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from grammar_rae.densities.fitting import named
from grammar_rae.errors import DataError, RecipeError
from grammar_rae.evaluation.images.features import network
from grammar_rae.experiments.train import train
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.memory import available, require
from grammar_rae.model.model import Model, load
from grammar_rae.recipes.parts import complete
from grammar_rae.recipes.room import Room
from grammar_rae.recipes.toml import parse, read
from grammar_rae.runs import folder as runs
from grammar_rae.runs.weights import identity_of, pack_weights

NESTED = "[" * 100_000


@pytest.fixture(scope="session")
def molecules_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("molecules") / "run"
    Model.load("grae-smiles").save(folder)
    return folder


@pytest.fixture
def copied(molecules_run, tmp_path):
    return shutil.copytree(molecules_run, tmp_path / "run")


def refused(folder):
    """The one line that a folder is refused with."""
    with pytest.raises((DataError, RecipeError)) as error:
        runs.load(folder)
    message = str(error.value)
    assert message.isprintable() and len(message) < 600
    return message


JSON = {
    "a list": "[]",
    "a number": "3",
    "nothing": "",
    "cut": '{"bonds": {"C": ',
    "nested": NESTED,
    "nested names": '{"a":' * 100_000,
    "no text": "\udcff",
    "large": "[" + "0," * 2**23 + "0]",
}


@pytest.mark.parametrize("kind", JSON)
@pytest.mark.parametrize("name", ["metrics.json", "codec/valence.json"])
def test_json_that_is_none(copied, name, kind):
    (copied / name).write_text(JSON[kind], encoding="utf-8", errors="surrogateescape")
    assert name.split("/")[-1] in refused(copied)


@pytest.mark.parametrize(
    "stored",
    [
        {"rdkit": "2025", "bonds": []},
        {"rdkit": "2025", "bonds": {"C": 4}},
        {"rdkit": "2025", "bonds": {"C": {"sums": "many", "order": 1}}},
        {"rdkit": ["2025"], "bonds": {}},
        {"bonds": {}},
    ],
)
def test_a_table_of_bonds_that_is_none(copied, stored):
    (copied / "codec" / "valence.json").write_text(json.dumps(stored))
    assert "valence.json is damaged" in refused(copied)


@pytest.mark.parametrize("value", [{"a": 1}, [[1]], [{}]])
def test_metrics_that_are_no_numbers(copied, value):
    (copied / "metrics.json").write_text(json.dumps({"valid": value}))
    assert "metrics.json is damaged (valid is no number)" in refused(copied)
    with pytest.raises(DataError, match="valid is no number"):
        runs.ancestry(copied)


NUMBERS = {
    "codec.steps": [10**9, 10**30, '"auto"', 0, -1, 1.5, "nan", "true"],
    "encoder.latent": [10**9, 0],
    "encoder.hidden": [10**8, 65_000],
    "encoder.filters": [[10**8], [], [5] * 10_000],
    "decoder.hidden": [10**9, 60_000],
    "decoder.embedding": [10**12],
    "density.temperature": ["inf", "nan", -1],
    "training.seed": [-1, 2**70],
    "training.learning_rate": ["inf", "nan", 0],
    "data.orders": [10**9],
}


@pytest.mark.parametrize("key", NUMBERS)
def test_numbers_of_a_recipe_that_no_model_has(copied, key):
    text = (copied / "recipe.toml").read_text()
    for value in NUMBERS[key]:
        with pytest.raises((RecipeError, DataError)) as error:
            changed = parse(text, "changed", (f"{key}={value}",))
            runs.load(rewritten(copied, changed))
        assert str(error.value).isprintable()


def rewritten(folder, recipe):
    """A folder with another recipe, whose weights say that they belong to it."""
    runs.save_start(folder, recipe, None)
    identity = identity_of(complete(recipe, stored=True), Grammar.read(folder / "codec" / "grammar.cfg"))
    tensors = load_file(folder / "weights.safetensors")
    (folder / "weights.safetensors").write_bytes(pack_weights(tensors, {"identity": identity}))
    return folder


def test_a_recipe_is_compared_with_the_weights_before_anything_is_made(copied, monkeypatch):
    recipe = read(copied / "recipe.toml")
    decoder = recipe.decoder.model_copy(update={"hidden": 999})
    runs.save_start(copied, recipe.model_copy(update={"decoder": decoder}), None)
    monkeypatch.setattr(runs, "make_codec", None)
    assert "belongs to another recipe" in refused(copied)


def test_a_recipe_of_more_numbers_than_the_weights_is_stopped_while_it_is_made(copied):
    recipe = read(copied / "recipe.toml")
    decoder = recipe.decoder.model_copy(update={"hidden": 20_000})
    assert "more than" in refused(rewritten(copied, recipe.model_copy(update={"decoder": decoder})))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["weights", "densities/gmm", "densities/gaussian", "densities/box"])
def test_weights_that_are_not_finite(copied, name, value):
    path = copied / f"{name}.safetensors"
    stored = runs.declared(path)
    tensors = load_file(path)
    last = sorted(tensors)[-1]
    tensors[last].flatten()[-1] = value
    path.write_bytes(pack_weights(tensors, dict(stored.metadata)))
    assert f"{path.name} is damaged ({last} is not finite" in refused(copied)


@pytest.mark.parametrize("dtype", [torch.int32, torch.complex64, torch.bool])
def test_weights_of_another_kind(copied, dtype):
    path = copied / "weights.safetensors"
    tensors, metadata = load_file(path), dict(runs.declared(path).metadata)
    first = min(tensors)
    path.write_bytes(pack_weights(tensors | {first: tensors[first].to(dtype)}, metadata))
    assert "weights.safetensors" in refused(copied)


def test_files_of_weights_that_are_cut_foreign_or_declare_too_much(copied):
    path = copied / "weights.safetensors"
    whole = path.read_bytes()
    size = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + size])
    header[max(header)]["shape"] = [10**15]
    declared = json.dumps(header).encode()
    bodies = [b"", b"PK\x03\x04", whole[:-1], whole[:20], struct.pack("<Q", 2**60) + whole[8:]]
    for body in [*bodies, struct.pack("<Q", len(declared)) + declared + whole[8 + size :]]:
        path.write_bytes(body)
        assert "weights.safetensors is damaged" in refused(copied)


@pytest.mark.parametrize(
    "sizes", [{"components": "1000000000"}, {"components": "-1"}, {"components": "x"}, {}]
)
def test_sizes_of_a_density_that_it_has_not(copied, sizes):
    path = copied / "densities" / "gmm.safetensors"
    metadata = {k: v for k, v in runs.declared(path).metadata.items() if k != "components"} | sizes
    path.write_bytes(pack_weights(load_file(path), metadata))
    assert "gmm.safetensors is damaged" in refused(copied)


def test_pipes_in_place_of_files_are_not_waited_for(copied, cli):
    for name in ("codec/valence.json", "weights.safetensors", "recipe.toml"):
        (copied / name).unlink()
        os.mkfifo(copied / name)
        assert name.split("/")[-1] in refused(copied)
    code, _, err = cli("train", copied / "recipe.toml", "--out", copied / "new")
    assert code == 2 and "cannot be read: no such file" in err


def test_a_density_of_nothing(copied):
    path = copied / "densities" / "gmm.safetensors"
    metadata = dict(runs.declared(path).metadata) | {"components": "0"}
    path.write_bytes(pack_weights({k: v[:0] for k, v in load_file(path).items()}, metadata))
    assert "gmm.safetensors is damaged (it is made of nothing)" in refused(copied)


def test_hashes_of_training_strings_that_are_none(copied):
    for array in (np.zeros((3, 4), np.uint8), np.zeros((3, 5)), np.zeros(5, np.uint8), np.array(["C"])):
        np.save(copied / "seen.npy", array)
        assert "seen.npy" in refused(copied)
    (copied / "seen.npy").write_bytes(b"\x93NUMPY")
    assert "seen.npy" in refused(copied)
    (copied / "seen.npy").unlink()
    for pointer in (b"\xff\xfe\0", b"x" * 100_000, b"..\n", b"/dev/zero"):
        (copied / "seen.txt").write_bytes(pointer)
        assert "it serves novelty" in refused(copied)


def test_a_task_that_does_not_go_with_the_codec(copied):
    text = (copied / "recipe.toml").read_text()
    assert 'task = "molecules"' in text
    (copied / "recipe.toml").write_text(text.replace('task = "molecules"', 'task = "images"'))
    assert "its task images is of images, its codec grammar of strings" in refused(copied)


RECIPES = {
    "no TOML": "name = ",
    "nested": "a = " + NESTED,
    "many digits": "a = " + "1" * 10_000,
    "no text": "\udcff",
    "a large one": "#" * 2**21,
    "an extension that is no name": "extends = 3",
    "an extension of a long name": f'extends = "{"x" * 300}"',
    "a list for a section": "data = []",
}


@pytest.mark.parametrize("kind", RECIPES)
def test_recipes_that_are_none(copied, cli, kind):
    (copied / "recipe.toml").write_text(RECIPES[kind], encoding="utf-8", errors="surrogateescape")
    assert refused(copied)
    code, _, err = cli("train", copied / "recipe.toml", "--out", copied / "new")
    assert code == 2 and err.count("\n") == 1 and not (copied / "new").exists()


@pytest.mark.parametrize("name", ["x" * 300, "a\nb\x1b[31m", "", "\0", "..", "x/" * 3000])
def test_names_that_no_model_has(cli, name):
    with pytest.raises(DataError) as error:
        load(name)
    assert str(error.value).isprintable() and len(str(error.value)) < 400
    code, _, err = cli("generate", "-m", name, "-n", 1)
    assert code == 2 and err.count("\n") == 1


@pytest.mark.parametrize("name", ["x" * 300, "a\nb", "nothing"])
def test_names_that_no_density_recipe_or_network_of_features_has(cli, name):
    with pytest.raises(RecipeError, match="grae-equations has no density"):
        load("grae-equations").generate(2, density=name)
    if name != "nothing":
        with pytest.raises(RecipeError, match="a density called"):
            named(name, "gaussian")
    code, _, err = cli("train", name)
    assert code == 2 and err.count("\n") == 1
    with pytest.raises(DataError, match="no features"):
        network(name)


def test_a_network_too_large_for_memory_is_refused_before_it_is_made(rna):
    for key, value in (("decoder.hidden", 65_536), ("decoder.layers", 10**8), ("encoder.hidden", 10**12)):
        with pytest.raises(RecipeError) as error:
            train("grae", grammar=rna / "rna.cfg", data=rna / "rna.txt", overrides=(f"{key}={value}",))
        assert key.split(".")[1] in str(error.value) or "numbers" in str(error.value)


def test_room_counts_what_is_made():
    with Room(100):
        torch.zeros(9, 11)
    for make in (
        lambda: torch.empty((10, 10)),
        lambda: torch.full([200], 1.0),
        lambda: torch.nn.Linear(20, 20),
    ):
        with pytest.raises(DataError, match="more than 100 numbers"), Room(100):
            make()
    with pytest.raises(DataError, match="more than 100 numbers"), Room(100):
        torch.nn.ModuleList(torch.nn.Linear(1, 1) for _ in range(10**9))


def test_memory_that_is_not_there_is_refused_with_the_number():
    assert 0 < available() < 2**50
    require(1, "an array")
    with pytest.raises(DataError, match=r"^an array would need 1,048,576.0 GiB of memory; .* GiB are free$"):
        require(2**50, "an array")


def test_a_run_whose_density_could_not_be_fitted_can_be_used(tmp_path, done, cli):
    strings = ["CCO", "CCN", "CCC", "CCCO", "CCCN", "CCOC", "CCNC", "CC=O"]
    (tmp_path / "t.smi").write_text("".join(f"{text}\n" for text in strings))
    run, words = tmp_path / "r", ("--set", "training.epochs=1", "--json")
    code, _, err = cli(
        "train", "grae-smiles", "--from", "grae-smiles", "--data", tmp_path / "t.smi", "--out", run, *words
    )
    assert code == 0 and "no gmm density" in err
    model = load(run)
    assert "gmm" not in model.densities and model.default_density == "gaussian"
    assert model.generate(3) == model.generate(3, density="gaussian")
    code, out, err = cli("generate", "-n", 3, "-m", run, "--json")
    assert code == 0 and json.loads(out)["n"] == 3
    assert f"{run} has no density gmm" in err and "--density gaussian" in err
    few = ("--budget", 4, "--candidates", 20, "--region", "density")
    done("optimize", "--score", "qed", "-m", run, *few, "--json")
    code, _, err = cli("generate", "-n", 3, "-m", run, "--density", "gmm")
    assert code == 2 and f"{run} has no density gmm; it has: prior, box, gaussian" in err
    del model.run.densities["gaussian"]
    assert model.default_density == "prior" and len(model.generate(2)) == 2


def test_one_item_is_too_few_and_says_so(tmp_path, cli):
    (tmp_path / "t.smi").write_text("CCO\n")
    code, _, err = cli("train", "grae-smiles", "--data", tmp_path / "t.smi", "--out", tmp_path / "r")
    assert code == 2 and "nothing to validate with, too few items; expected two molecules or more" in err
