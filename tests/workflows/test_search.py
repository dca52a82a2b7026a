"""optimize, as a user runs it: a folder that tells what was found, resumed, refused, retrained."""

import json
import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest
from conftest import TINY
from PIL import Image
from rdkit import Chem

from grammar_rae.evaluation.expressions import scores
from grammar_rae.experiments.retrain import Retrainer, rank_weights
from grammar_rae.experiments.train import train
from grammar_rae.model.model import Model
from grammar_rae.workflows.optimize import optimize


def longest(strings):
    return [float(len(text)) for text in strings]


def test_a_formula_is_fitted_to_points(done, tmp_path):
    x = np.linspace(-3, 3, 40)
    pd.DataFrame({"x": x, "y": x + np.sin(x)}).to_csv(tmp_path / "points.csv", index=False)
    words = (
        "optimize",
        "--data",
        tmp_path / "points.csv",
        "--budget",
        30,
        "--out",
        tmp_path / "run",
        "--json",
    )
    numbers = json.loads(done(*words))
    table = pd.read_csv(tmp_path / "run" / "best.csv")
    assert list(table.columns[:3]) == ["expression", "score", "evaluation"]
    assert table["expression"].is_unique and table["score"].is_monotonic_increasing
    assert scores.alike(table["expression"]).tolist() == list(range(len(table))), "each function once"
    best = table["expression"][0]
    assert numbers["best_string"] == best and numbers["evaluations"] == 30
    assert numbers["best_score"] == pytest.approx(np.log1p(min(numbers["mse"], 1000)), abs=1e-9)
    for name in ("curve.png", "best.png"):
        assert Image.open(tmp_path / "run" / name).size[0] > 500
    assert json.loads(done(*words)) == numbers, "the same command again has nothing left to do"
    longer = json.loads(done(*words[:4], 40, *words[5:]))
    assert longer["evaluations"] == 40


def test_the_best_are_shown_in_a_table_that_fits(done, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    header = next(
        line for line in done("optimize", "--score", "qed", "--budget", 2).splitlines() if "smiles" in line
    )
    assert header.split() == ["smiles", "score", "evaluation", "novel", "sa", "heavy_atoms"]


def test_mistakes_are_one_line(cli, tmp_path):
    for words, message in {
        (): "optimize needs a score",
        ("--score", "qedd"): "did you mean qed?",
        ("--score", "qed", "--similarity", 0.4): "to what? add --start SMILES, with a model of molecules",
        (
            "--score",
            "qed",
            "--start",
            "C(C",
        ): "not one of the molecules that grae-smiles reads: unbalanced brackets",
        ("--score", "qed", "--region", "ball"): "no region is called ball; there are: trust, density, box",
        ("--score", "qed", "--start", "CCCC", "--max-atoms", 3): "more than 3 heavy atoms; raise --max-atoms",
        ("--score", "expression:x", "--max-atoms", 3): "expected a model of molecules",
        (
            "--score",
            "qed",
            "--surrogate",
            "values",
        ): "what expressions compute, not molecules; take structure",
        ("--score", "qed", "--budget", 0): "--budget 0; expected 1 to 1,000,000",
    }.items():
        code, _, err = cli("optimize", *words)
        assert code == 2 and message in err and len(err.splitlines()) == 1, err
    settings = ("optimize", "--score", "expression:x", "--budget", 1, "--out", tmp_path)
    assert cli(*settings)[0] == 0
    code, _, err = cli(*settings, "--seed", 1)
    assert code == 2 and "was written with seed 0, now it is 1; choose another folder" in err


def test_a_score_that_always_fails_says_so_at_once_and_is_no_success(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "def broken(text):\n    return nothing\n\ndef picky(text):\n    return 1 / (len(text) % 2)\n"
    )
    reason = "python:mine:broken: NameError: name 'nothing' is not defined"
    words = ("optimize", "--budget", 4, "--batch", 2, "--candidates", 20, "--json", "--out", tmp_path / "run")
    code, out, err = cli(*words, "--score", "python:mine:broken")
    assert code == 2 and json.loads(out)["scored"] == 0
    assert err.splitlines() == [
        f"grammar-rae: {count} of {count} strings have no score; {reason}" for count in (2, 4)
    ]
    with closing(sqlite3.connect(tmp_path / "run" / "journal.sqlite")) as journal:
        assert (
            journal.execute("SELECT status, reason FROM evaluations").fetchall() == [("failed", reason)] * 4
        )
    words = ("optimize", "--budget", 6, "--candidates", 20, "--json", "--score", "python:mine:picky")
    code, out, err = cli(*words)
    assert code == 0 and 0 < json.loads(out)["scored"] < 1
    assert "of 6 strings have no score; python:mine:picky: ZeroDivisionError" in err


def test_the_exceptions_of_a_plain_function_are_told(toy_run):
    with pytest.warns(
        UserWarning, match=r"4 of 4 strings have no score; .*broken: NameError: name 'nothing'"
    ):
        found = optimize(toy_run, broken, 4, batch=4, candidates=20, region="density")
    assert found.table.empty and found.numbers["scored"] == 0
    assert found.without_score.startswith("4 of 4 strings have no score")


def broken(strings):
    return nothing  # noqa: F821


def test_a_start_is_improved_within_its_similarity(tmp_path):
    start = "CC(C)Cc1ccc(cc1)C(C)C(=O)O"
    found = optimize("grae-smiles", "plogp", 12, start=start, similarity=0.3, out=tmp_path)
    from grammar_rae.chemistry.fingerprints import bit_similarity

    smiles = found.table["smiles"].tolist()
    assert min(bit_similarity(start, smiles)) >= 0.3 and found.numbers["evaluations"] == 12
    assert found.table.loc[found.table["evaluation"] == 1, "smiles"].item() == "CC(C)Cc1ccc(C(C)C(=O)O)cc1"


def test_no_evaluation_is_spent_on_a_molecule_over_the_cap():
    found = optimize("grae-smiles", longest, 30, max_atoms=20)
    sizes = [Chem.MolFromSmiles(text).GetNumHeavyAtoms() for text in found.table["smiles"]]
    assert len(sizes) == 30 and max(sizes) <= 20


def test_rank_weights_are_those_of_the_paper():
    weights = rank_weights(np.array([1.0, 3.0, np.nan, 2.0, 1.0]), k=0.2)
    assert weights.tolist() == [1 / 3.5, 1 / 1, 1 / 5, 1 / 2, 1 / 3.5]


@pytest.fixture(scope="module")
def toy_run(rna):
    """The toy run, trained until different codes are different strings."""
    better = [word for word in TINY if not word.startswith("training.epochs")]
    overrides = (*better, "training.epochs=60", "training.learning_rate=0.01")
    train("grae", grammar=rna / "rna.cfg", data=rna / "rna.txt", out=rna / "better", overrides=overrides)
    return rna / "better"


def test_a_retrained_run_repeats_itself_also_from_what_it_kept(toy_run, tmp_path, monkeypatch):
    monkeypatch.setattr("grammar_rae.experiments.retrain.DRAWN", 400)
    how = {"batch": 6, "initial": 6, "retrain_every": 12, "region": "density", "seed": 1}
    whole = optimize(str(toy_run), longest, 30, **how)
    first = optimize(str(toy_run), longest, 20, out=tmp_path / "run", **how)
    assert whole.numbers["evaluations"] == 30, whole.numbers
    assert (tmp_path / "run" / "generation-1").is_dir() and first.numbers["evaluations"] == 20
    model = Model.load(tmp_path / "run" / "generation-1")
    original = Model.load(toy_run)
    assert not np.allclose(model.encode(["(...)."]), original.encode(["(...)."]))

    def refuse(*_):
        raise AssertionError("generation 1 is there and must not be trained again")

    with monkeypatch.context() as patch:
        patch.setattr(Retrainer, "_fitted", refuse)
        optimize(str(toy_run), longest, 20, out=tmp_path / "run", **how)
    again = optimize(str(toy_run), longest, 30, **how)
    assert again.course.tolist() == whole.course.tolist()


def test_a_training_string_is_drawn_by_what_is_expected_of_it(toy_run, monkeypatch):
    monkeypatch.setattr("grammar_rae.experiments.retrain.DRAWN", 400)
    drawn = []

    def kept(self, data, generation):
        drawn.extend(self.codec.decode(data.train.numpy()))
        return self.model

    monkeypatch.setattr(Retrainer, "_fitted", kept)
    model = Model.load(toy_run)
    retrainer = Retrainer(model, 1e-3, None, 0)
    retrainer(
        ["(...)."], np.array([0.0]), lambda strings: np.array([float(len(text)) for text in strings]), 1
    )
    lengths = np.sort([len(text) for text in retrainer._replayed.texts])
    longer = lengths[-len(lengths) // 10]
    assert np.mean([len(text) >= longer for text in drawn]) > 0.5, "a tenth of the strings"
    assert drawn.count("(...).") < 20


def test_a_retrained_model_has_the_density_that_its_recipe_states(toy_run, monkeypatch):
    monkeypatch.setattr("grammar_rae.experiments.retrain.DRAWN", 400)
    model = Model.load(toy_run)
    part = {"default": "kde", "settings": {"bandwidth": 0.3, "at_most": 50}, "codes": "samples"}
    density = model.recipe.density.model_copy(update=part)
    model.run.recipe = model.recipe.model_copy(update={"density": density})
    model.fit_density("kde", np.zeros((2, model.latent)))
    drawn = []
    monkeypatch.setattr(
        Model, "codes", lambda self, x, seed=None: drawn.append(seed) or np.random.rand(len(x), self.latent)
    )
    again = Retrainer(model, 1e-3, None, 3)(["(...)."], np.array([0.0]), longest, 1)
    kernels = again.density("kde")
    assert kernels.bandwidth.item() == pytest.approx(0.3) and len(kernels.centres) == 50
    assert drawn == [3, 3], "samples of the posterior"
