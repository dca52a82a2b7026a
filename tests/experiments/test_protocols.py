"""The papers' stochastic protocols: exact counts against loops over one item, one encoding, one decoding."""

import json
import shutil

import numpy as np
import place
import pytest
import torch
from untrained import untrained_strings

from grammar_rae.errors import DataError
from grammar_rae.experiments import protocols
from grammar_rae.experiments.protocols import reconstruction_stochastic, validity_stochastic
from grammar_rae.machines.machine import Masks
from grammar_rae.model.decoding import decoded
from grammar_rae.model.model import Model
from grammar_rae.noise import Noise
from grammar_rae.runs.folder import load, save
from grammar_rae.workflows.reconstruct import pair

ITEMS = [".", "..", "(...).", "...", "x", ".....", "." * 40, "....", "..", "."]


def naive_hits(model, items, encodings, decodings, seed, budget=True):
    """How often each item comes back, one draw at a time."""
    found = []
    for i, text in enumerate(items):
        hits = 0
        for e in range(encodings):
            try:
                x = torch.as_tensor(model.run.codec.encode([text])).to(place.DEVICE)
            except ValueError:
                continue
            code = torch.tensor([i * encodings + e], device=place.DEVICE)
            with torch.no_grad():
                z = model.run.autoencoder.encoder(x).sample(Noise(seed, code))
                p = decoded(model, z, Masks(budget))
                for d in range(decodings):
                    drawn = p.sample(Noise(seed, code * decodings + d), 1.0).cpu().numpy()
                    hits += model.run.codec.decode(drawn) == [text]
        found.append(hits)
    return np.array(found)


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_reconstruction_counts_every_draw(monkeypatch, batch):
    monkeypatch.setattr(protocols, "BATCH", batch)
    model = untrained_strings()
    frame, numbers = reconstruction_stochastic(model, ITEMS, 3, 5, seed=1)
    hits = naive_hits(model, ITEMS, 3, 5, seed=1)
    assert frame["item"].tolist() == ITEMS
    assert (frame["share"] * 15).round(9).tolist() == hits.tolist()
    assert numbers["reconstructed_stochastic"] == pytest.approx(hits.sum() / (15 * len(ITEMS)))
    assert numbers["encodings"] == 3 and numbers["decodings"] == 5
    assert numbers["n"] == len(ITEMS) and numbers["covered"] == len(ITEMS) - 2
    assert frame["share"][4] == frame["share"][6] == 0  # x has no derivation, 40 dots are too long
    assert 0 < hits.sum() < 15 * 8 and hits[0] != hits[9]  # the same item, other draws
    assert hits.tolist() != naive_hits(model, ITEMS, 5, 3, seed=1).tolist()
    assert hits.tolist() != naive_hits(model, ITEMS, 3, 5, seed=2).tolist()


def test_encodings_differ_where_the_encoder_draws():
    model = untrained_strings()
    many = reconstruction_stochastic(model, ["."] * 40, 8, 1, seed=0)[1]
    again = reconstruction_stochastic(model, ["."] * 40, 8, 1, seed=0)[1]
    assert many == again and 0 < many["reconstructed_stochastic"] < 1
    x = torch.as_tensor(model.run.codec.encode(["."])).to(place.DEVICE)
    q = model.run.autoencoder.encoder(x)
    first, second = (q.sample(Noise(0, torch.tensor([i], device=place.DEVICE))) for i in (0, 1))
    assert not torch.equal(first, second)


def test_encodings_of_a_deterministic_encoder_collapse():
    model = untrained_strings("rae")
    frame, numbers = reconstruction_stochastic(model, ITEMS, 10, 5, seed=1)
    assert numbers["encodings"] == 1 and numbers["decodings"] == 5
    assert (frame["share"] * 5).round(9).tolist() == naive_hits(model, ITEMS, 1, 5, seed=1).tolist()
    assert numbers == reconstruction_stochastic(model, ITEMS, 1, 5, seed=1)[1]


def test_without_the_budget_as_the_papers():
    model = untrained_strings()
    frame, _ = reconstruction_stochastic(model, ITEMS, 2, 6, masks=Masks(budget=False))
    assert (frame["share"] * 12).round(9).tolist() == naive_hits(model, ITEMS, 2, 6, 0, budget=False).tolist()


@pytest.mark.parametrize("batch", [1, 4, 1000])
@pytest.mark.parametrize("budget", [True, False])
def test_prior_validity_counts_every_draw(monkeypatch, batch, budget):
    monkeypatch.setattr(protocols, "BATCH", batch)
    model = untrained_strings()
    found = validity_stochastic(model, 9, 4, seed=3, masks=Masks(budget))
    z = torch.as_tensor(model.sample_codes(9, "prior", seed=3)).to(place.DEVICE)
    texts = []
    with torch.no_grad():
        for i in range(9):
            p = decoded(model, z[i : i + 1], Masks(budget))
            for d in range(4):
                index = torch.tensor([4 * i + d], device=place.DEVICE)
                texts += model.run.codec.decode(p.sample(Noise(3, index), 1.0).cpu().numpy())
    forms = [text for text in texts if text is not None and model.run.task.canonical([text])[0] is not None]
    assert found == {"valid": len(forms) / 36, "unique": len(set(forms)) / len(forms)}
    assert (found["valid"] == 1) is budget


@pytest.mark.parametrize(("encodings", "decodings", "temperature"), [(0, 5, 1), (5, 0, 1), (5, 5, 0)])
def test_no_draws_are_refused(encodings, decodings, temperature):
    with pytest.raises(ValueError, match="expected"):
        reconstruction_stochastic(untrained_strings(), ["."], encodings, decodings, temperature=temperature)
    with pytest.raises(ValueError, match="expected"):
        validity_stochastic(untrained_strings(), encodings, decodings, temperature=temperature)


def test_counts_not_given_are_the_published_ones():
    assert pair(None, None, (10, 100)) is None
    assert pair(2, None, (10, 100)) == (2, 100) and pair(None, 3, (10, 100)) == (10, 3)


@pytest.fixture
def command(monkeypatch, capsys):
    """Run `grammar-rae …`: (exit code, standard output, standard error)."""

    def run(*words):
        from grammar_rae.cli import main

        monkeypatch.setattr("sys.argv", ["grammar-rae", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
        return stop.value.code or 0, *capsys.readouterr()

    return run


def test_reconstruct_a_file(command, tmp_path):
    model = untrained_strings()
    save(tmp_path / "run", model.run)
    (tmp_path / "items.txt").write_text("".join(f"{text}\n" for text in ITEMS))
    words = (
        "reconstruct",
        tmp_path / "items.txt",
        "-m",
        tmp_path / "run",
        "--encodings",
        3,
        "--decodings",
        5,
    )
    code, out, err = command(*words, "--seed", 1, "--json", "--out", tmp_path / "out.csv")
    assert code == 0, err
    wanted = naive_hits(Model(load(tmp_path / "run"), place.DEVICE), ITEMS, 3, 5, seed=1).sum() / 150
    assert json.loads(out)["reconstructed_stochastic"] == pytest.approx(wanted)
    assert "share" in (tmp_path / "out.csv").read_text().splitlines()[0]
    code, out, err = command("reconstruct", tmp_path / "items.txt", "-m", tmp_path / "run", "--encodings", 0)
    assert code == 2 and "expected 1 to 100,000" in err and len(err.splitlines()) == 1


def test_the_card_of_a_run(command, toy_run, tmp_path):
    folder = shutil.copytree(toy_run, tmp_path / "run")
    words = ("--encodings", 4, "--decodings", 3, "--prior-points", 6, "--prior-decodes", 5)
    code, out, err = command("evaluate", folder, "-n", 20, *words, "--json")
    assert code == 0, err
    numbers = json.loads(out)
    assert numbers["reconstructed_stochastic_encodings"] == 1  # an RAE
    assert 0 <= numbers["reconstructed_stochastic"] <= 1
    assert numbers["valid_prior_stochastic"] == numbers["valid_gmm_stochastic"] == 1
    text = (folder / "CARD.md").read_text()
    assert "its encoder is deterministic" in text and "6 points of a density, 5 decodings each" in text
    assert json.loads((folder / "metrics.json").read_text())["unique_prior_stochastic"] <= 1
    command("evaluate", toy_run, "-n", 20)
    assert "tochastic" not in (toy_run / "CARD.md").read_text()


def test_protocols_are_of_models(command, rna):
    code, out, err = command("evaluate", rna / "rna.txt", "--prior-points", 5)
    assert code == 2 and "need one model or run folder" in err and len(err.splitlines()) == 1


def test_data_that_is_not_there():
    with pytest.raises(DataError, match="none"):
        protocols.measured(untrained_strings(), (1, 1), None, 0, protocols.silent)
