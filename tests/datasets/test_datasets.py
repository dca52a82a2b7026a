"""Data sets: the published splits, Kekulé forms, the cache, and what is said when a file is not there."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from grammar_rae import datasets, parallel
from grammar_rae.catalogue import imported
from grammar_rae.datasets import Dataset, expressions, molecules, sources
from grammar_rae.errors import DataError
from grammar_rae.experiments.train import train
from grammar_rae.files import cache
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.parser import parse
from grammar_rae.runs.folder import find
from grammar_rae.tasks.find import task_for


def published(name: str, file: str) -> Dataset:
    """A published data set, where its file is here; tests download nothing."""
    if sources.present(file) is None:
        pytest.skip(f"{name} is not here")
    return datasets.load(name)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No data folder and an empty cache."""
    monkeypatch.delenv("GRAMMAR_RAE_DATA", raising=False)
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "cache")
    return tmp_path


def test_zinc_is_split_as_published() -> None:
    zinc = published("zinc250k", molecules.ZINC)
    assert (len(zinc.train), len(zinc.valid), len(zinc.test)) == (220_010, 24_446, 5_000)
    assert zinc.test[:2] == [
        "CC(C)(C)c1ccc2occ(CC(=O)Nc3ccccc3F)c2c1",
        "C[C@@H]1CC(Nc2cncc(-c3nncn3C)c2)C[C@@H](C)C1",
    ]
    assert not set(zinc.test) & set(zinc.train + zinc.valid)
    assert zinc.task == "molecules"


def test_zinc_is_split_as_models_of_graphs_split_it() -> None:
    graphs = published("zinc250k_graphs", molecules.ZINC_GRAPHS)
    assert (len(graphs.train), len(graphs.valid), len(graphs.test)) == (220_078, 4_491, 24_887)
    every = published("zinc250k", molecules.ZINC)
    lines = every.test + every.train + every.valid
    assert graphs.test[:2] == [lines[2], lines[10]]  # the published numbers begin with 2 and 10
    assert sorted(graphs.train + graphs.valid + graphs.test) == sorted(lines)


def test_moses_has_training_molecules_where_their_file_is() -> None:
    published("moses", molecules.MOSES_TRAIN)
    moses = published("moses", molecules.MOSES)
    assert (len(moses.train), len(moses.valid), len(moses.test)) == (1_568_816, 15_847, 176_074)
    assert not set(moses.test) & set(moses.train) and not set(moses.valid) & set(moses.train)


def test_moses_without_its_training_file_is_a_reference(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(molecules, "_lines", {molecules.MOSES: ["CCO", "CCN"]}.__getitem__)
    assert datasets.load("moses") == Dataset("moses", [], [], ["CCO", "CCN"], "molecules")
    with pytest.raises(
        DataError, match="moses: nothing to train on is at hand; `grammar-rae datasets moses`"
    ):
        train("grae-smiles", data="moses", out=bare / "run")
    assert not (bare / "run").exists()


def test_equations_have_no_blanks_and_the_last_tenth_validates() -> None:
    found = published("equations", expressions.FILE)
    assert (len(found.train), len(found.valid), found.test) == (90_000, 10_000, [])
    assert found.train[0] == "x+x+(x)+(x+x)"
    assert "1/3+(x)+sin(x*x)" in found.train + found.valid


def test_nci_is_at_hand_and_its_bad_rows_are_named(bare: Path) -> None:
    found = datasets.load("nci")
    assert len(found.train) + len(found.valid) + len(found.test) + len(found.rejected) == 4_999
    assert 0 < len(found.rejected) < 20 and all(row.line and row.reason for row in found.rejected)
    assert found == datasets.load("nci")


def test_expressions_are_drawn_without_any_file(bare: Path) -> None:
    drawn = expressions.expressions
    found = drawn(count=900, seed=1)
    everything = found.train + found.valid + found.test
    assert len(everything) == len(set(everything)) == 900
    assert found == drawn(count=900, seed=1) and found != drawn(count=900, seed=2)
    assert datasets.recognise(everything) == "expressions"
    grammar = Grammar.read("equation.cfg")
    steps = (parse(grammar, everything) != grammar.pad).sum(1)
    lengths, counted = np.unique(steps, return_counts=True)
    assert lengths.tolist() == list(range(2, 21, 2))
    assert counted[:2].tolist() == [4, 60] and np.ptp(counted[2:]) <= 1


def test_missing_file_says_where_to_put_it(bare: Path) -> None:
    with pytest.raises(DataError, match=r"put it at chembl/.*GRAMMAR_RAE_DATA.*comes from https://.*BIMODAL"):
        datasets.load("chembl")


def test_download_is_checked_and_kept(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = b"x + 1\nx\n"
    source = {
        "path": "equations/e.txt.gz",
        "source": "e.txt",
        "address": "https://example.org/e.txt",
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    monkeypatch.setattr(sources, "sources", lambda: {"equations/e.txt.gz": source})
    served = [body]

    def retrieve(address: str, known: str | None, name: str, folder: Path) -> str:
        (Path(folder) / name).write_bytes(served[0])
        return str(Path(folder) / name)

    monkeypatch.setattr("pooch.retrieve", retrieve)
    path = sources.locate("equations/e.txt.gz")
    assert sources.content(path) == body and [p.name for p in path.parent.iterdir()] == ["e.txt.gz"]
    served[0] = b"another file"
    assert sources.locate("equations/e.txt.gz") == path
    path.unlink()
    with pytest.raises(DataError, match="no longer the published file"):
        sources.locate("equations/e.txt.gz")
    path.write_bytes(gzip.compress(b"changed"))
    with pytest.raises(DataError, match="not the published file, replace it"):
        sources.locate("equations/e.txt.gz")


def test_no_network_is_one_clear_line(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def retrieve(*_: object) -> str:
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr("pooch.retrieve", retrieve)
    with pytest.raises(DataError, match=r"could not be downloaded \(no route\); put it at") as caught:
        datasets.load("equations")
    assert "\n" not in str(caught.value)


def test_one_column_of_a_table_is_kept() -> None:
    assert sources._one_column(b"id,SMILES\n1,CC\n2,C\n", "smiles") == b"CC\nC\n"


def test_every_source_is_complete() -> None:
    for row in sources.sources().values():
        assert len(row["sha256"]) == 64 and len(row["commit"]) == 40 and row["size"] > 0 and row["licence"]
        assert row["address"].startswith("https://raw.githubusercontent.com/")


def test_every_named_data_set_says_what_it_is() -> None:
    for name, row in datasets.DATASETS.items():
        assert callable(imported(row.load)), name
        assert 20 < len(row.about) < 120 and "\n" not in row.about


def test_users_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("smiles\n" + "".join(f"{'C' * (i + 1)}\n" for i in range(20)) + '""\n')
    found = datasets.load(path)
    assert (len(found.train), len(found.valid), found.test, found.task) == (18, 2, [], "molecules")
    assert [row.line for row in found.rejected] == [22] and found == datasets.load(path)
    with pytest.raises(DataError, match=r"no data set of that name; did you mean zinc250k"):
        datasets.load("zinc")
    with pytest.raises(DataError, match="empty list"):
        datasets.load([])


def test_task_is_recognised() -> None:
    assert datasets.recognise(["CCO", "C(", "c1ccccc1"]) == "molecules"
    assert datasets.recognise(["x+1", "sin(x", "exp(x)*2"]) == "expressions"
    assert datasets.recognise(["hello", "{}", ""]) == "strings" == datasets.recognise([])


def test_kekule_form_is_one_for_every_spelling() -> None:
    for smiles in (
        "CC(C)(C)c1ccc2occ(CC(=O)Nc3ccccc3F)c2c1",
        "C[C@@H]1CC(Nc2cncc(-c3nncn3C)c2)C[C@@H](C)C1",
        "c1cc[nH]c1",
        "F/C=C/c1ccccc1",
    ):
        read = datasets.molecule(smiles)
        forms = {datasets.kekule(Chem.MolToSmiles(read, doRandom=True)) for _ in range(10)}
        assert len(forms) == 1
        form = forms.pop()
        assert (
            form
            and not any(c in form for c in "cno")
            and datasets.canonical(form) == datasets.canonical(smiles)
        )


def test_kekule_takes_the_largest_fragment_or_says_why_not() -> None:
    assert datasets.kekule("[Na+].CC(=O)[O-]") == "CC(=O)[O-]"
    for text, why in (
        ("C1CC", "ring bond 1 not closed"),
        ("C(C", "unbalanced"),
        ("CC(C)(C)(C)C", "valence"),
        ("c1cc1", "kekulize"),
        ("", "empty"),
        ("C C", "blank"),
        ("xyz", "no atom 'x'"),
    ):
        assert datasets.kekule(text) is None and datasets.canonical(text) is None
        assert why in (datasets.reason(text) or "")
    assert datasets.reason("CCO") is None


def test_work_spread_over_processes_keeps_its_order() -> None:
    items = [f"{i}" for i in range(3_000)]
    assert parallel.spread(_doubled, items, threshold=10) == _doubled(items)
    assert parallel.spread(_doubled, [], threshold=0) == []


def _doubled(items: list[str]) -> list[str]:
    return [item * 2 for item in items]


def test_cache_remembers_survives_damage_and_need_not_be_writable(bare: Path) -> None:
    calls = []

    def compute() -> list[str | None]:
        calls.append(1)
        return ["a", None, "b"]

    for _ in range(2):
        assert cache.remembered_strings("kind", ["x", "y", "z"], compute) == ["a", None, "b"]
    assert len(calls) == 1
    (kept,) = (bare / "cache").iterdir()
    kept.write_bytes(kept.read_bytes()[:-9])
    assert cache.remembered_strings("kind", ["x", "y", "z"], compute) == ["a", None, "b"] and len(calls) == 2
    assert cache.remembered_strings("other", ["x", "y", "z"], compute) and len(calls) == 3
    kept.unlink()
    for path in (bare / "cache").iterdir():
        path.unlink()
    (bare / "cache").rmdir()
    (bare / "cache").write_text("a file where the folder should be")
    assert cache.remembered_strings("kind", ["x", "y", "z"], compute) == ["a", None, "b"] and len(calls) == 4


def test_a_name_that_is_nearly_known_is_asked_for():
    with pytest.raises(DataError, match=r"zinc25: no such file, .*; did you mean zinc250k\?"):
        datasets.load("zinc25")
    with pytest.raises(DataError, match=r"no model grae-smile: .*; did you mean grae-smiles\?"):
        find("grae-smile")
    with pytest.raises(DataError, match=r"no task 'molecule'; did you mean molecules\?"):
        task_for("molecule", [])
