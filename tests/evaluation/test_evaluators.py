"""Evaluators: shares, tables, one flat dict."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from grammar_rae.chemistry import drawing
from grammar_rae.errors import DataError
from grammar_rae.evaluation import novelty
from grammar_rae.evaluation.shares import shares
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.tasks.evaluate import evaluate, table

MOLECULES = ["CCO", "OCC", "c1ccccc1", "C1=CC=CC=C1", "C(", "", "CC(C)(C)c1ccc2occ(CC(=O)Nc3ccccc3F)c2c1"]


def test_shares_follow_their_definitions() -> None:
    found = shares(["a", "a", "b", None], ["b", "c"])
    assert found == {"n": 4, "valid": 0.75, "unique": pytest.approx(2 / 3), "novel": 0.5}
    assert shares([None, None]) == {"n": 2, "valid": 0.0, "unique": None, "novel": None}
    assert shares([]) == {"n": 0, "valid": None, "unique": None, "novel": None}


def test_molecules_in_one_flat_dict() -> None:
    found = evaluate(MOLECULES, train=["OCC", "C"])
    assert found["n"] == 7 and found["valid"] == pytest.approx(5 / 7)
    assert found["unique"] == pytest.approx(3 / 5) and found["novel"] == pytest.approx(2 / 3)
    assert found["ten_heavy_atoms"] == pytest.approx(1 / 5)
    assert found["heavy_atoms"] == pytest.approx((3 + 3 + 6 + 6 + 24) / 5)
    assert found.pop("train_unreadable") == 0
    assert found == evaluate(MOLECULES, train=novelty.hashes(["CCO", "C"]), task="molecules")
    json.dumps(found, allow_nan=False)


def test_nothing_valid_has_no_score() -> None:
    found = evaluate(["C(", ""], task="molecules")
    assert found["valid"] == 0 and found["unique"] is found["novel"] is found["logp"] is None
    assert evaluate([], task="molecules")["valid"] is None
    assert evaluate([], task="expressions")["valid"] is None


def test_reference_gives_distances() -> None:
    assert evaluate(MOLECULES, reference=MOLECULES, task="molecules")["logp_w1"] == pytest.approx(0)
    assert evaluate(["CCO"], reference=["CCCCCO"], task="molecules")["heavy_atoms_w1"] == pytest.approx(3)


def test_molecule_table_has_one_row_an_item() -> None:
    found = table(MOLECULES)
    assert list(found.columns[:7]) == ["smiles", "valid", "reason", "canonical", "logp", "sa", "qed"]
    assert found["smiles"].tolist() == MOLECULES
    assert found["reason"].tolist() == ["", "", "", "", "unbalanced brackets", "empty", ""]
    assert (
        found.loc[~found["valid"], "plogp"].isna().all() and found.loc[found["valid"], "plogp"].notna().all()
    )
    assert found.loc[2, "plogp"] == found.loc[3, "plogp"]


def test_many_molecules_agree_with_few() -> None:
    many = [f"{'C' * (1 + i % 700)}O" for i in range(2_100)]
    found = table(many, task="molecules")
    few = table(many[:10], task="molecules")
    np.testing.assert_array_equal(found["plogp"].to_numpy()[:10], few["plogp"].to_numpy())


def test_expressions() -> None:
    found = table(["x", "1/3 + x + sin(x*x)", "x/x", "x+", ""])
    assert found["valid"].tolist() == [True, True, True, False, False]
    assert found["canonical"].tolist()[:2] == ["x", "1/3+x+sin(x*x)"]
    assert found["score"].tolist()[:2] == [pytest.approx(0.4876, abs=1e-4), 0.0]
    assert math.isnan(found["at_zero"][2]) and found["reason"][3]
    numbers = evaluate(["x", "x/x", "x+", "x"], train=["x"], task="expressions")
    assert numbers["valid"] == 0.75 and numbers["defined"] == 0.5
    assert numbers["unique"] == pytest.approx(2 / 3) and numbers["novel"] == 0.5
    assert numbers["best"] == pytest.approx(0.4876, abs=1e-4)


def test_strings_of_any_grammar(tmp_path: Path) -> None:
    rules = "S -> 'a' S 'b' | 'a' 'b'\n"
    (tmp_path / "ab.cfg").write_text(rules)
    numbers = evaluate(["ab", "aabb", "aab", ""], train=["ab"], task=tmp_path / "ab.cfg")
    assert numbers == evaluate(["ab", "aabb", "aab", ""], train=["ab"], task=Grammar.parse(rules))
    shares = {"n": 4, "valid": 0.5, "unique": 1.0, "novel": 0.5, "train_unreadable": 0.0}
    assert numbers == {**shares, "length": 3.0}
    assert evaluate(["hello", "hello", ""], task="strings")["valid"] == pytest.approx(2 / 3)


def test_unknown_task_and_property() -> None:
    with pytest.raises(DataError, match="no task 'smiles'; there are: molecules, expressions, strings"):
        evaluate(["C"], task="smiles")
    from grammar_rae.evaluation.molecules import metrics

    with pytest.raises(DataError, match="no molecule property 'price'"):
        metrics.properties(["C"], ("price",))


def test_hashes_remember_what_was_seen() -> None:
    known = novelty.hashes(["a", "b", "a"])
    assert known.dtype == np.uint64 and len(known) == 2 and (np.diff(known.astype(float)) > 0).all()
    assert known.max() < 2**40
    assert novelty.contains(known, ["b", "c", "a"]).tolist() == [True, False, True]
    assert novelty.contains(novelty.hashes([]), ["a"]).tolist() == [False]


def test_grid_picture(tmp_path: Path) -> None:
    assert drawing.write_grid(["C(", *["CCO"] * 7], tmp_path / "a.png", columns=2, rows=3) == 6
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(DataError, match="none of the 1 strings is a molecule"):
        drawing.write_grid(["C("], tmp_path / "b.png")
