"""Molecules from untrained weights: valid whatever the network says, from a beginning, the natural share."""

import math

import numpy as np
import place
import pytest
import torch
from hostile import faults
from untrained import untrained_molecules

from grammar_rae.chemistry.prefixes import prefix_productions, spellings
from grammar_rae.chemistry.smiles import canonical
from grammar_rae.errors import DataError, ParseError, RecipeError
from grammar_rae.machines.machine import EVERYTHING
from grammar_rae.model.model import Model
from grammar_rae.runs.folder import load, save


@pytest.fixture(scope="module", params=["recurrent", "repeat"])
def model(request):
    return untrained_molecules(request.param)


@pytest.mark.parametrize("temperature", [0.0, 1.0, 5.0])
def test_untrained_weights_write_molecules(model, temperature):
    strings = model.generate(150, density="prior", temperature=temperature, raw=True)
    assert faults(strings) == {}
    wild = 3 * torch.rand(100, model.latent).numpy() * 100
    assert faults(model.decode(wild, temperature=temperature, raw=True)) == {}


def test_syntax_alone_does_not(model):
    assert faults(model.generate(150, density="prior", temperature=1.0, raw=True, syntax_only=True)) != {}
    assert faults(model.generate(50, density="prior", temperature=1.0, raw=True)) == {}


def test_one_pass_and_the_steps_agree(model):
    x = torch.as_tensor(
        model.run.codec.encode(model.generate(40, density="prior", temperature=1.0, raw=True))
    )
    x, z = x.to(place.DEVICE), torch.randn(len(x), model.latent).to(place.DEVICE)
    p = model.run.autoencoder.decoder(z)
    feasible, likelihood = p.log_feasible(x.long()), p.log_prob(x.long())
    assert (feasible <= 0).all() and (likelihood <= 0).all() and (feasible < -1).any()
    machine = p.machine
    state, total = machine.start(len(x), 48), torch.zeros(len(x), device=place.DEVICE)
    logits = p.outputs(x.long())
    for t in range(x.shape[1]):
        allowed = machine.allowed(state)
        columns = torch.zeros_like(logits[:, t], dtype=torch.bool)
        for row, mask in zip(columns, allowed, strict=True):
            row[p.column[mask]] = True
        mass = (logits[:, t].softmax(-1) * columns).sum(-1).log()
        total += torch.where(x[:, t] == machine.pad, 0.0, mass)
        state = machine.advance(state, x[:, t].long())
    torch.testing.assert_close(total, feasible, rtol=1e-4, atol=1e-3)


def test_the_kept_share_is_the_most_natural(model):
    everything = model.generate(100, density="prior", temperature=1.0, raw=True)
    half = model.generate(50, density="prior", temperature=1.0, raw=True, keep=0.5)
    assert [text for text in everything if text in set(half)] == half
    z = torch.as_tensor(model.sample_codes(100, "prior")).to(place.DEVICE)
    x = torch.as_tensor(model.run.codec.encode(everything)).long().to(place.DEVICE)
    mass = model.run.autoencoder.decoder(z).log_feasible(x)
    kept = {everything[i] for i in mass.topk(50).indices.tolist()}
    assert set(half) == kept
    table = model.samples(50, density="prior", temperature=1.0, raw=True, keep=0.5)
    assert table["string"].tolist() == half
    expected = {text: value for text, value in zip(everything, mass.tolist(), strict=True)}
    assert table["log_feasible_mass"].tolist() == pytest.approx([expected[text] for text in half], abs=1e-3)
    once = model.samples(30, density="prior", temperature=1.0, unique=True)
    assert len(set(once["string"])) == len(once) == 30 and (once["log_feasible_mass"] <= 0).all()
    with pytest.raises(ValueError, match="keep 0"):
        model.generate(5, keep=0)


@pytest.mark.parametrize("start", ["c1ccccc1C(=O)N", "CC(", "C1CC", "CC=", "CC(=O)", "C", "C1CCC2", "CC(C"])
def test_beginnings_are_completed(model, start):
    strings = model.generate(20, density="prior", temperature=1.0, raw=True, start=start)
    assert faults(strings) == {}
    assert any(all(text.startswith(form) for text in strings) for form in spellings(start))


def test_a_closed_beginning_is_spelled_as_itself():
    for start in ("c1ccccc1C(=O)N", "c1cc[nH]c1", "C[C@H](N)O", "O=C1CCCN1"):
        for text in spellings(start):
            assert canonical(text.replace("()", "") + ")" * (text.count("(") - text.count(")"))) == canonical(
                start
            )


def test_codes_are_weighed_by_the_beginning():
    model = untrained_molecules("recurrent")
    grammar = model.run.grammar
    start = "CC"
    rules = torch.tensor(prefix_productions(grammar, start)).to(place.DEVICE)
    decoder = model.run.autoencoder.decoder

    def mean(z):
        return decoder(torch.as_tensor(z).to(place.DEVICE)).log_prob(rules.expand(len(z), -1)).mean().item()

    from grammar_rae.model.completion import Prefix
    from grammar_rae.noise import Noise

    with torch.no_grad():
        chosen = Prefix(model, start, "prior", 0, EVERYTHING).codes(Noise.first(0, 200, 0, place.DEVICE))
        assert mean(chosen) > mean(model.sample_codes(200, "prior")) + 0.1


@pytest.mark.parametrize(
    ("start", "error", "says"),
    [
        ("CF", DataError, "not the beginning"),
        ("nonsense!", DataError, "not the beginning"),
        ("", DataError, "not the beginning"),
        ("C[Xe]", ParseError, ".Xe.. is not among the model"),
        ("C" * 60, DataError, "longer than"),
        ("C[Si](C)(C)C", ParseError, ".Si.. is not among the model"),
    ],
)
def test_beginnings_that_cannot_be(start, error, says):
    with pytest.raises(error, match=says):
        untrained_molecules("recurrent").generate(3, density="prior", start=start)


def test_only_molecule_models_take_beginnings():
    with pytest.raises(RecipeError, match="cannot go on"):
        Model.load("gvae-equations").generate(3, start="C")


def test_the_valence_table_travels_with_the_run(tmp_path):
    model = untrained_molecules("recurrent")
    save(tmp_path / "run", model.run)
    again = Model(load(tmp_path / "run"))
    how = {"density": "prior", "temperature": 1.0, "raw": True}
    assert again.generate(10, **how) == model.generate(10, **how)
    table = tmp_path / "run" / "codec" / "valence.json"
    text = table.read_text()
    table.write_text(text.replace('"order": 3', '"order": 2', 1))
    with pytest.warns(UserWarning, match="allows other bonds"):
        load(tmp_path / "run")
    table.write_text("{")
    with pytest.raises(DataError, match="damaged"):
        load(tmp_path / "run")


def test_belief_in_real_strings():
    model = untrained_molecules("recurrent", scale=1.0)
    mass = model.log_feasible(["CCO", "c1ccccc1"])
    assert mass.shape == (2,) and np.isfinite(mass).all() and (mass < 0).all() and math.isfinite(mass.sum())
