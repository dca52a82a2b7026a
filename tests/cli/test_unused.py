"""Options that nothing would come of in a combination are refused, and what is honoured shows."""

import json

import pytest

from grammar_rae.files.tables import read


@pytest.fixture
def smi(tmp_path):
    """A file of molecules."""
    (tmp_path / "a.smi").write_text("CCO\nCCN\nc1ccccc1\n")
    return tmp_path / "a.smi"


FILE = {
    ("-n", 5): "-n is for models",
    ("--features", "inception"): "--features is for models",
    ("--model", "grae-smiles"): "--model is for the page; add --report",
    ("--best", "logp"): "--best is for the page; add --report",
    ("--train-column", "x"): "--train-column says where the training set has its strings; add --train",
    ("--reference-column", "x"): "--reference-column says where the reference has its strings; add --ref",
    ("--reference", "nci", "--reference-column", "x"): "--column x: nci has no columns",
    ("--encodings", 2): "need one model",
}
MODEL = {
    ("--task", "molecules"): "--task is for files",
    ("--target", "x"): "--target is for files",
    ("--data", "points.csv"): "--data is for files",
    ("--confirm", 2): "--confirm is for files",
    ("--column", "x"): "--column is for tables",
    ("--model", "grae-smiles", "--report", "a.html"): "--model is for files",
    ("--features", "inception"): "--features inception: compares images; grae-equations writes expressions",
}
VERBS = {
    ("reconstruct", "a.smi", "--temperature", 0.5): "--temperature is for what is drawn at random",
    ("reconstruct", "a.smi", "--no-budget"): "--no-budget is for what is drawn at random",
    ("optimize", "--score", "qed", "--rank-weight", 0.1): "--rank-weight is for models that are refitted",
    ("optimize", "--score", "qed", "--timeout", 5): "--timeout is for scores of your own",
    ("optimize", "--score", "qed", "--similarity", 0.5): "--similarity 0.5: to what? add --start SMILES",
    ("train", "vae", "--data", "digits", "--column", "x"): "--column x: digits has no columns",
    ("train", "vae", "--data", "digits", "--grammar", "equation"): "vae trains on images, which no grammar",
    ("density", "grae-smiles", "--compare", "--column", "x"): "--column x: it is a column of data",
    (
        "density",
        "grae-smiles",
        "--compare",
        "--column",
        "x",
        "--data",
        "nci",
    ): "--column x: nci has no columns",
}


def refusal(cli, *words):
    code, out, err = cli(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    return err


@pytest.mark.parametrize("words", FILE, ids=str)
def test_what_is_for_models_is_refused_with_files(cli, smi, words):
    assert FILE[words] in refusal(cli, "evaluate", smi, *words)


@pytest.mark.parametrize("words", MODEL, ids=str)
def test_what_is_for_files_is_refused_with_models(cli, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert MODEL[words] in refusal(cli, "evaluate", "grae-equations", *words)


@pytest.mark.parametrize("words", VERBS, ids=str)
def test_an_option_of_no_effect_is_refused(cli, smi, words, monkeypatch):
    monkeypatch.chdir(smi.parent)
    assert VERBS[words] in refusal(cli, *words)


def test_an_sd_file_has_no_columns(cli, smi):
    from grammar_rae.files.tables import write

    write(smi.with_suffix(".sdf"), read(smi).values)
    assert "no column 'x'; the records of an SD file" in refusal(
        cli, "evaluate", f"{smi.with_suffix('.sdf')}:x"
    )


def test_samples_of_a_model_are_new_beside_the_set_that_is_named(done, tmp_path):
    model = ("-m", "grae-equations", "-n", 40)
    done("generate", *model, "--out", tmp_path / "a.txt", "--json")
    words = ("evaluate", "grae-equations", "-n", 40, "--json")
    own = json.loads(done(*words))
    beside = json.loads(done(*words, "--train", tmp_path / "a.txt", "--reference", tmp_path / "a.txt"))
    assert beside["novel"] == 0 and beside["train_unreadable"] == beside["reference_unreadable"] == 0
    assert beside["depth_w1"] == 0 and {name: beside[name] for name in own} == own


def test_a_column_that_lines_do_not_have_is_named(cli, smi):
    code, out, err = cli("evaluate", smi, "--column", "x", "--json")
    assert code == 0 and json.loads(out)["n"] == 3
    assert err == f"grammar-rae: {smi}: no column 'x' there, its lines are read without\n"
    (smi.parent / "b.smi").write_text("smiles name\nCCO ethanol\n")
    assert cli("evaluate", smi.parent / "b.smi", "--column", "smiles", "--json")[2] == ""


@pytest.mark.parametrize(
    "words",
    [
        ("density", "grae-equations", "--fit", "gaussian", "--name", "", "--out", "new"),
        ("density", "grae-equations", "--compare", "--name", ""),
        ("generate", "-m", "grae-equations", "--density", ""),
        ("optimize", "--score", "qed", "--model", ""),
        ("optimize", "--score", "qed", "--surrogate", ""),
        ("evaluate", "a.smi", "--data", ""),
        ("evaluate", "a.smi", "--target", ""),
        ("evaluate", "a.smi", "--report", "page.html", "--best", ""),
        ("evaluate", "grae-equations", "--features", ""),
    ],
    ids=str,
)
def test_an_empty_name_is_not_one_that_was_not_given(cli, smi, words, monkeypatch):
    monkeypatch.chdir(smi.parent)
    refusal(cli, *words)
