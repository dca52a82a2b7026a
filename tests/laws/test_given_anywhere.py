"""What is given is taken for what it is, its kind, its column, its file, or one line says why not."""

import numpy as np
import pytest
from rdkit import Chem
from untrained import untrained_strings

import grammar_rae as gr
from grammar_rae.errors import DataError, RecipeError
from grammar_rae.files.tables import read


@pytest.fixture
def refused(cli):
    """Run a command that ends with exit code 2: its one line."""

    def run(*words):
        code, _, err = cli(*words)
        assert code == 2 and err.count("\n") == 1, err
        return err

    return run


def test_the_column_of_a_file_comes_before_that_of_all_files(put, measured):
    put("a.csv", "A,B\nCCO,C(\n")
    put("b.csv", "A,B\nCCO,CCF\n")
    assert measured("a.csv:B", "--column", "A")["valid"] == 0
    assert measured("a.csv", "--column", "A", "--train", "b.csv")["novel"] == 0
    assert measured("a.csv", "--column", "A", "--train", "b.csv:B")["novel"] == 1
    found = measured("a.csv:A", "--train", "b.csv:B", "--train-column", "A")
    assert found["novel"] == 1 and found["train_unreadable"] == 0


@pytest.mark.parametrize("header", ["#SMILES ID", "# SMILES ID", "#smiles\tID"])
def test_a_header_may_begin_like_a_comment(put, header):
    assert read(put("a.smi", f"{header}\nCCO 1\nCCN 2\n")).values == ["CCO", "CCN"]
    assert read(put("a.smi", "#CCO\nCCN\n")).values == ["#CCO", "CCN"]
    assert read(put("a.csv", '#smiles,"a note\nof, two lines"\nCCO,1\n')).values == ["CCO"]


def test_an_item_above_a_column_of_other_words_is_a_row():
    assert gr.evaluate(["CCO", *["no"] * 30], task="molecules")["n"] == 31


def test_the_first_row_of_one_column_is_a_row_whatever_stands_below(put, measured):
    lines = "\n".join([*["CCO"] * 3, *["garbage"] * 30])
    numbers = measured(put("a.csv", lines), "--task", "molecules")
    assert numbers["n"] == 33 and numbers["valid"] == pytest.approx(3 / 33)


def test_the_column_that_is_proposed_holds_items(put, refused):
    table = put("a.csv", "Compound ID;Structure (SMILES);MW\nA-1;CCO;46,07\nA-2;CCN;45,1\n")
    assert "or as a.csv:Structure (SMILES)" in refused("evaluate", table)
    assert "one without a name, 0; name one" in refused("evaluate", put("b.csv", ",0\n0,CCO\n1,CCN\n"))


def test_of_two_columns_of_items_it_is_said_which_is_taken(put, cli):
    table = put("a.csv", "smiles,canonical_smiles\nOCC,CCO\n")
    assert "column 'smiles' is taken, not 'canonical_smiles'" in cli("evaluate", table)[2]
    assert cli("evaluate", table, "--column", "canonical_smiles")[2] == ""


def test_strings_that_look_like_another_kind_than_their_file_says_are_told(put, cli):
    for name, text, kind in (
        ("e.smi", "x+1\nx*x\n", "expressions"),
        ("m.csv", "equation\nCCO\n", "molecules"),
    ):
        assert f"look like {kind}: --task {kind}" in cli("evaluate", put(name, text))[2]
    assert cli("evaluate", put("b.smi", "C(\nCC)\nCCO\n"))[2] == ""


def test_sets_of_another_kind_are_not_compared_with(put, refused):
    put("a.smi", "CCO\n")
    for role in ("--train", "--reference"):
        assert "digits holds images" in refused("evaluate", "a.smi", role, "digits")
    with pytest.raises(DataError, match="nci holds molecules, which images cannot be compared with"):
        gr.evaluate(np.zeros((3, 8, 8), np.uint8), reference="nci")


def test_a_page_takes_a_model_of_its_own_kind(put, refused, tmp_path):
    put("a.smi", "CCO\nCCN\n")
    err = refused("evaluate", "a.smi", "--report", "page.html", "--model", "grae-equations")
    assert "reads expressions, the page shows molecules" in err and not (tmp_path / "page.html").exists()
    assert "read as a model, a.smi as items" in refused("evaluate", "grae-equations", "a.smi")


def test_no_command_writes_over_what_it_reads(put, refused, tmp_path):
    text = "A,B\nCCO,CCN\n"
    put("a.csv", text)
    put("link.csv", "")
    (tmp_path / "link.csv").unlink()
    (tmp_path / "link.csv").symlink_to("a.csv")
    for words in (
        ["encode", "a.csv:A", "--out", "a.csv"],
        ["encode", "a.csv:A", "--out", "./a.csv"],
        ["reconstruct", "a.csv:A", "--out", "link.csv"],
        ["evaluate", "a.csv:A", "--table", "a.csv"],
        ["evaluate", "b.csv:A", "--train", "a.csv:A", "--table", "a.csv"],
        ["evaluate", "a.csv:A", "--report", "a.csv"],
        ["decode", "a.csv", "--out", "a.csv"],
        ["grammar", "build", "a.csv:A", "--out", "a.csv"],
        ["grammar", "sample", "a.csv", "--out", "a.csv"],
    ):
        assert "it is read, and would be lost" in refused(*words), words
        assert (tmp_path / "a.csv").read_text() == text


def test_what_is_written_fits_its_name(put, refused):
    put("a.smi", "CCO\n")
    for name in ("z.csv", "z.npy", "z.smi.gz", "z.png"):
        assert "are an .npz" in refused("encode", "a.smi", "--out", name)
    assert "no room for reasons" in refused("evaluate", "a.smi", "--table", "rows.smi")


def test_a_density_is_judged_by_items_that_can_be_read(put, refused, cli):
    err = refused("density", "grae-smiles", "--compare", "--data", put("e.txt", "x+1\nx*x\n"))
    assert "grae-smiles can read none of the 2 items" in err and "'x'" in err
    put("m.txt", "CCO\n" * 15 + "CC(C)O\n" * 10 + "C(\n" * 15)
    assert (
        "cannot be read by grae-smiles and are left out"
        in cli("density", "grae-smiles", "--compare", "--data", "m.txt")[2]
    )


def test_nothing_to_train_on_says_what_is_wrong_with_the_first(put, refused):
    put("e.txt", "x+1\n" * 12)
    err = refused("train", "grae-smiles", "--data", "e.txt", "--out", "run")
    assert "none of 11 items can be read; the first: «x+1»: no atom 'x'" in err
    err = refused("grammar", "build", "e.txt", "--out", "e.cfg")
    assert "none of its 12 rows is a molecule to build from; the first: line 1: «x+1»" in err


def test_a_search_that_evaluates_nothing_is_no_success(refused, cli):
    search = ["optimize", "--score", "qed", "--budget", "3", "--candidates", "10"]
    code, _, err = cli(*search, "--max-atoms", "1")
    assert code == 2 and "nothing new within --max-atoms 1" in err
    code, _, err = cli(*search, "--start", "CCO", "--similarity", "1")
    assert code == 0 and "nothing new within --similarity 1" in err
    assert "nothing before or after a +" in refused("optimize", "--score", "0.5*qed+")
    for name in ("similarity", "rediscovery"):
        err = refused("optimize", "--score", f"{name}:{'C' * 6000}")
        assert "6,000 characters, more than the 5,000 allowed" in err and len(err) < 400
    for name in ("mine.py", "./mine", "my-score"):
        assert "is no module's name" in refused("optimize", "--score", f"python:{name}:score")


def test_arrays_dictionaries_and_names_are_what_they_are(put):
    assert gr.evaluate(np.array("CCO"))["n"] == 1
    with pytest.raises(DataError, match="item 0: array"):
        gr.evaluate(np.array([["CCO", "CCN"], ["C", "N"]]))
    with pytest.raises(DataError, match="a dictionary of 'CCO', 'CCN' is no table"):
        gr.evaluate({"CCO": 1, "CCN": 2})
    put("a.smi", "CCO\n")
    assert gr.evaluate("a.smi")["n"] == 1
    for read_it in (gr.evaluate, gr.table):
        with pytest.raises(DataError, match="nothere.smi: no such file"):
            read_it("nothere.smi")


def test_names_of_models_and_scores_are_texts(refused):
    with pytest.raises(DataError, match="None is a NoneType; expected a model's name or folder"):
        gr.load(None)
    with pytest.raises(DataError, match="no model ''"):
        gr.load("")
    with pytest.raises(DataError, match="expected a text such as 'qed'"):
        gr.goal(5)
    assert "grae-smiles has no density nope" in refused("generate", "-n", "2", "--density", "nope")
    with pytest.raises(RecipeError, match=r"^untrained has no density nope"):
        untrained_strings().generate(2, density="nope")


def test_ends_of_line_of_old_macs_end_lines(put):
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("OCC"))
    for end in ("\r", "\r\n"):
        assert read(put("a.sdf", f"{block}$$$$\n".replace("\n", end).encode())).values == ["CCO"]


def test_blanks_around_a_beginning_are_no_part_of_it():
    model = gr.load("grae-smiles")
    assert model.generate(3, start=" CCO\n") == model.generate(3, start="CCO")
