"""The shipped models load, keep their promises and stay small."""

import numpy as np
import pytest
import torch
from hostile import faults

from grammar_rae.chemistry.smiles import canonicals
from grammar_rae.errors import DataError
from grammar_rae.evaluation.novelty import contains
from grammar_rae.experiments.protocols import reconstruction
from grammar_rae.grammar.parsing.parser import parse
from grammar_rae.model.model import Model
from grammar_rae.runs import folder as runs
from grammar_rae.runs import shipped
from grammar_rae.tasks.evaluate import evaluate

MEGABYTES = 20
SEEN = {"equations": 90_000, "zinc250k": 220_000}  # training strings, by data set


def test_the_main_model_is_there_and_all_are_small():
    assert "grae-smiles" in shipped.names()
    size = sum(path.stat().st_size for path in shipped.PRETRAINED.rglob("*") if path.is_file())
    assert size < MEGABYTES * 1e6


def test_no_file_is_shipped_twice():
    large = [
        path.read_bytes()
        for path in shipped.PRETRAINED.rglob("*")
        if path.is_file() and path.stat().st_size > 1e5
    ]
    assert len(large) == len(set(large)) > len(shipped.names())


@pytest.mark.parametrize("name", ["grae-equations", "grae-smiles"])
def test_a_copy_of_a_shipped_model_is_complete_in_itself(name, tmp_path):
    model = Model.load(name)
    model.save(tmp_path / "saved")
    runs.copy(runs.find(name), tmp_path / "copied")
    for folder in (tmp_path / "saved", tmp_path / "copied"):
        assert (folder / "seen.npy").is_file() and not (folder / "seen.txt").exists()
        assert np.array_equal(runs.load(folder).seen, model.run.seen)
    (tmp_path / "copied" / "seen.npy").unlink()
    assert runs.load(tmp_path / "copied").seen is None
    (tmp_path / "copied" / "seen.txt").write_text("../none.npy\n")
    with pytest.raises(DataError, match="none.npy is missing"):
        runs.load(tmp_path / "copied")


@pytest.mark.parametrize("name", shipped.names())
def test_a_shipped_model(name):
    model = Model.load(name)
    assert model.run.seen is not None and len(model.run.seen) == SEEN[model.recipe.data.name]
    raw = model.generate(100, raw=True, seed=1)
    if model.run.grammar is not None and model.recipe.codec.kind == "grammar":
        assert len(parse(model.run.grammar, raw)) == 100
    assert (shipped.PRETRAINED / name / "CARD.md").is_file()
    assert model.generate(3, raw=True, seed=1) == raw[:3]
    z = model.sample_codes(5, seed=1)
    assert z.shape == (5, model.latent) and np.isfinite(z).all()


def untrained(name):
    """A shipped model with the weights that its networks begin with; it draws at a temperature of 1."""
    model = Model.load(name)
    torch.manual_seed(0)
    for layer in model.run.autoencoder.modules():
        getattr(layer, "reset_parameters", lambda: None)()
    return model


def anywhere(model, kind, n, part):
    """(n, D) codes: of the density, three times as far out as the prior's, or uniform on [-10, 10]."""
    chance = np.random.default_rng(part)
    shape = n, model.latent
    return {
        "gmm": lambda: model.sample_codes(n, "gmm", seed=part),
        "wide": lambda: 3 * chance.standard_normal(shape),
        "uniform": lambda: chance.uniform(-10, 10, shape),
    }[kind]().astype(np.float32)


@pytest.mark.parametrize("kind", ["gmm", "wide", "uniform"])
def test_every_code_is_a_molecule(kind):
    model = Model.load("grae-smiles")
    assert faults(model.decode(anywhere(model, kind, 300, 0), raw=True)) == {}


def test_every_draw_of_untrained_weights_is_a_molecule():
    model = untrained("grae-smiles")
    assert faults(model.generate(300, density="prior", raw=True)) == {}
    assert sum(form is None for form in canonicals(model.generate(300, syntax_only=True))) > 150


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gmm", "wide", "uniform"])
def test_a_hundred_thousand_codes_are_molecules(kind):
    model = Model.load("grae-smiles")
    for part in range(10):
        assert faults(model.decode(anywhere(model, kind, 10_000, part), raw=True)) == {}


@pytest.mark.slow
def test_a_hundred_thousand_draws_of_untrained_weights_are_molecules():
    model = untrained("grae-smiles")
    for seed in range(10):
        assert faults(model.generate(10_000, density="prior", raw=True, seed=seed)) == {}


def test_molecules_of_the_shipped_model():
    model = Model.load("grae-smiles")
    numbers = evaluate(model.generate(300), train=model.run.seen, task="molecules")
    assert numbers["valid"] == 1 and numbers["unique"] > 0.99 and numbers["ten_heavy_atoms"] > 0.97
    alone = evaluate(model.generate(300, syntax_only=True), task="molecules")
    assert alone["valid"] > 0.95
    assert model.reconstruct(["not a molecule", "[Xe]"]) == [None, None]


def test_expressions_of_the_shipped_model_come_back():
    model = Model.load("gvae-equations")
    items = ["x+x+(x)+(x+1)", "x/3+(2)+sin(2*1)", "x*3+exp(x)+sin(3*2)", "1/1+(1)+exp(x*2)"]
    assert reconstruction(model, items)[1]["reconstructed"] == 1
    assert contains(model.run.seen, ["x+x+(x)+(x+1)", "x+x+(x)+(x+2)"]).any()


def test_evaluating_a_shipped_model_leaves_it_as_it_is(done):
    home = shipped.PRETRAINED / "grae-equations"
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    done("evaluate", "grae-equations", "-n", 5)
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before
