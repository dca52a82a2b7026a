"""Walks through latent space: their geometry, what a model decodes on them, tables and pictures."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from grammar_rae.chemistry import fingerprints
from grammar_rae.errors import DataError
from grammar_rae.evaluation.expressions import scores
from grammar_rae.evaluation.molecules import metrics
from grammar_rae.model.latent import around, between
from grammar_rae.model.model import Model
from grammar_rae.workflows.walk import interpolation, neighbourhood

A, B = np.array([3.0, 0, 0], np.float32), np.array([0, 4.0, 0], np.float32)
PNG = b"\x89PNG"


def test_a_line_is_straight_and_an_arc_turns_at_an_even_rate():
    line = between(A, B, 5)
    np.testing.assert_allclose(np.diff(line, axis=0), np.tile((B - A) / 4, (4, 1)), atol=1e-6)
    arc = between(A, 4 / 3 * A[[1, 0, 2]], 7, "spherical")
    np.testing.assert_allclose(arc[[0, -1]], [A, [0, 4, 0]], atol=1e-6)
    np.testing.assert_allclose(
        np.degrees(np.arctan2(arc[:, 1] / 4, arc[:, 0] / 3)), np.linspace(0, 90, 7), atol=1e-4
    )
    shell = between(A, np.array([0, -1.8, 2.4], np.float32), 9, "spherical")
    np.testing.assert_allclose(np.linalg.norm(shell, axis=1), 3, atol=1e-6)


@pytest.mark.parametrize("b", [2 * A, -A, 0 * A, A])
def test_an_arc_between_codes_on_one_line_is_the_line(b):
    np.testing.assert_allclose(between(A, b, 4, "spherical"), between(A, b, 4), atol=1e-6)


def test_distances_around_a_code_are_mahalanobis():
    factor = np.linalg.cholesky(np.array([[4.0, 1, 0], [1, 1, 0], [0, 0, 0.01]]))
    z, distances = around(A, factor, 500, radius=2.0, seed=1)
    steps = np.linalg.solve(factor, (z - A).T.astype(float))
    np.testing.assert_allclose(np.sqrt((steps**2).sum(0) / 3), distances, rtol=1e-4)
    assert distances[-1] == 2 and (np.diff(distances) > 0).all()
    np.testing.assert_array_equal(around(A, factor, 500, 2.0, 1)[0], z)
    assert not np.array_equal(around(A, factor, 500, 2.0, 2)[0], z)
    np.testing.assert_allclose((steps / distances).mean(1), 0, atol=0.25)


def test_a_walk_begins_and_ends_with_the_items_own_codes(toy_run):
    model = Model.load(toy_run)
    a, b = "(...).", "..(....)..."
    for path in ("straight", "spherical"):
        walk = model.interpolate(a, b, 5, path)
        assert len(walk) == 5 and [walk[0], walk[-1]] == model.reconstruct([a, b])
    assert model.interpolate(b, a, 5) == model.interpolate(a, b, 5)[::-1]


def test_neighbours_are_different_nearest_first_and_not_the_item(toy_run):
    model = Model.load(toy_run)
    item = model.generate(1)[0]
    found = model.neighbours(item, 10, radius=3.0)
    assert found["string"].is_unique and item not in set(found["string"]) and 0 < len(found) <= 10
    assert found["distance"].is_monotonic_increasing and found["distance"].between(0, 3, "right").all()
    assert found.equals(model.neighbours(item, 10, radius=3.0))
    wider = model.neighbours(item, 2, radius=3.0)
    assert len(wider) <= 2


def test_molecules_on_a_walk_have_their_similarities_and_a_picture(tmp_path):
    chemist = Model.load("grae-smiles")
    a, b = "CCO", "c1ccccc1O"
    walk = interpolation(chemist, a, b, 4, score="sa")
    frame = walk.table
    assert list(frame) == ["smiles", "share", "similarity_a", "similarity_b", "score"]
    np.testing.assert_array_equal(frame["similarity_b"], fingerprints.bit_similarity(b, frame["smiles"]))
    np.testing.assert_array_equal(frame["score"], metrics.properties(frame["smiles"], ("sa",))["sa"])
    assert walk.draw(tmp_path / "walk.png") == 2 + frame["score"].notna().sum()
    assert (tmp_path / "walk.png").read_bytes().startswith(PNG)
    near = neighbourhood(chemist, a, 5, 2.0).table
    assert list(near) == ["smiles", "distance", "similarity"] and near["similarity"].notna().all()


def test_expressions_on_a_walk_have_their_errors_and_curves(tmp_path):
    model = Model.load("gvae-equations")
    a, b = "x+x+(x)+(x+1)", "x/3+(2)+sin(2*1)"
    walk = interpolation(model, a, b, 6)
    frame = walk.table
    assert frame["expression"].tolist()[0] == a and frame["expression"].tolist()[-1] == b
    np.testing.assert_array_equal(frame["error_b"], scores.score(frame["expression"].tolist(), target=b))
    assert walk.draw(tmp_path / "walk.png") == 8
    assert (tmp_path / "walk.png").read_bytes().startswith(PNG)


def test_strings_have_a_table_but_no_picture(toy_run, tmp_path):
    model = Model.load(toy_run)
    walk = interpolation(model, "...", "(...).", 3)
    frame = walk.table
    assert list(frame) == ["string", "share"]
    with pytest.raises(DataError, match="no picture of strings"):
        walk.draw(tmp_path / "a.png")


def test_the_verbs(done, cli, toy_run, tmp_path):
    rows = json.loads(done("interpolate", "...", "(...).", "--steps", 3, "-m", toy_run, "--json"))
    assert [row["share"] for row in rows] == [0, 0.5, 1]
    assert [row["string"] for row in rows] == Model.load(toy_run).interpolate("...", "(...).", 3)
    rows = json.loads(
        done(
            "neighbours",
            "(...).",
            "-n",
            4,
            "--radius",
            2,
            "-m",
            toy_run,
            "--json",
            "--out",
            tmp_path / "a.csv",
        )
    )
    assert pd.read_csv(tmp_path / "a.csv")["string"].tolist() == [row["string"] for row in rows]
    lines = done("neighbours", "(...).", "-n", 4, "--radius", 2, "-m", toy_run, "--out", "-").splitlines()
    assert lines == [row["string"] for row in rows]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("interpolate", "...", "xyz"), "'x' at position 0"),
        (("interpolate", "...", "(...).", "--steps", 1), "--steps 1; expected 2 to 1,000,000"),
        (("interpolate", "...", "(...).", "--path", "curved"), "there are straight, spherical"),
        (("interpolate", "...", "(...).", "--score", "qed"), "for molecules, not for strings"),
        (("interpolate", "...", "(...).", "--grid", "a.png"), "no picture of strings"),
        (("neighbours", "...", "-n", 0), "-n 0; expected 1 to 1,000,000,000"),
        (("neighbours", "...", "--radius", 0), "--radius 0; expected 0.0001 to 10,000"),
    ],
)
def test_mistakes_are_one_line(cli, toy_run, words, says):
    code, out, err = cli(*words, "-m", toy_run)
    assert code == 2 and out == "" and says in err and "Traceback" not in err


@pytest.mark.parametrize("name", ["0.png", "none.npz", "there.smi"])
def test_a_file_is_not_taken_for_an_item(cli, toy_run, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.smi").write_text("CCO\n")
    for words in (("neighbours", name), ("interpolate", "...", name), ("interpolate", name, "...")):
        code, out, err = cli(*words, "-m", toy_run)
        assert code == 2 and out == "" and err.count("\n") == 1
        assert f"{name}: a file; grae reads strings, of which one was expected itself" in err


@pytest.mark.parametrize(
    "verb", [("generate", "-n", 2), ("neighbours", "x", "-n", 2), ("interpolate", "x", "1")]
)
def test_a_picture_is_a_png_or_refused(cli, tmp_path, verb):
    words = (*verb, "-m", "grae-equations", "--grid")
    for name in ("a.jpg", "a.pdf", "a.svg", "a.png.gz"):
        code, out, err = cli(*words, tmp_path / name, "--out", tmp_path / "a.csv")
        assert code == 2 and out == "" and err.count("\n") == 1 and list(tmp_path.iterdir()) == []
        assert f"{name}: pictures are written as PNG; expected a name that ends in .png" in err
    for name in ("a.png", "b.PNG"):
        assert cli(*words, tmp_path / name)[0] == 0
        assert (tmp_path / name).read_bytes().startswith(PNG)
