"""Files and lists as users have them: what is in them is read, what is not is said, and no number comes of a guess."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem

import grammar_rae as gr
from grammar_rae.errors import DataError
from grammar_rae.workflows.search_space import decoder_of, region_of

RNA_ENDS = "S -> 'a' S |\n"
BROKEN = [f"C({number}" for number in range(40)]


@pytest.fixture(scope="module")
def equations():
    return gr.load("grae-equations")


@pytest.fixture(scope="module")
def smiles():
    return gr.load("grae-smiles")


@pytest.mark.parametrize("header", ["smiles", "SMILES", "Canonical SMILES", "isomeric_smiles"])
def test_a_column_says_what_it_holds_however_little_of_it_can_be_read(put, measured, header):
    numbers = measured(put("bad.csv", "\n".join([header, "CCO", *BROKEN])))
    assert numbers["n"] == 41 and numbers["valid"] == pytest.approx(1 / 41)


def test_strings_that_look_like_a_kind_are_of_it(put, measured):
    lines = "\n".join(["CCO", *BROKEN])
    for name in ("bad.txt", "bad.csv"):
        assert measured(put(name, lines))["valid"] == pytest.approx(1 / 41)
    assert gr.evaluate(["CCO", *BROKEN])["valid"] == pytest.approx(1 / 41)
    assert gr.evaluate(["x+", "sin(x", "x**", "1+"] * 3)["valid"] == 0
    frame = pd.DataFrame({"id": range(3), "smiles": ["no", "?", "C("]})
    assert gr.evaluate(frame)["valid"] == gr.evaluate(frame["smiles"])["valid"] == 0


def test_no_share_is_valid_of_strings_that_nobody_knows(put, cli):
    code, out, err = cli("evaluate", put("words.txt", "hello\nworld\n"), "--json")
    assert code == 0 and json.loads(out)["valid"] is None and "say what they are with --task" in err
    assert cli("evaluate", "words.txt", "--report", "page.html")[0] == 0
    assert "2 of 2 strings are not empty" in Path("page.html").read_text()
    with pytest.warns(UserWarning, match="strings of no known kind"):
        assert gr.evaluate(["hello", "world"])["valid"] is None
    assert gr.evaluate(["hello", ""], task="strings")["valid"] == 0.5


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "a.smi"])
def test_separators_are_seen(put, measured, name, separator):
    rows = [["id", "smiles"], ["1", "CCO"], ["2", "c1ccccc1"]]
    numbers = measured(put(name, "\r\n".join(map(separator.join, rows))))
    assert numbers["n"] == 2 and numbers["valid"] == 1 and numbers["logp"] is not None


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "a.smi"])
def test_a_first_line_that_is_a_molecule_is_a_row(put, measured, name):
    assert measured(put(name, "CCO\nCCN\nCCC\n"))["n"] == 3
    assert measured(put(name, "smiles\nCCO\nCCN\nCCC\n"), "--train", name)["novel"] == 0
    assert measured(name)["n"] == 3
    assert measured(put(name, "C(C\nCCN\nCCC\n"))["valid"] == pytest.approx(2 / 3)


def test_a_first_line_that_is_an_expression_is_a_row(put, measured):
    assert measured(put("e.csv", "x+1\nx*x\n"))["n"] == 2
    assert measured(put("e.csv", "expression\nx+1\nx*x\n"))["n"] == 2


def test_a_table_without_a_header_is_read_where_one_column_holds_items(put, measured, cli):
    assert measured(put("a.csv", "1,CCO\n2,CCN\n"))["valid"] == 1
    code, _, err = cli("evaluate", put("b.csv", "CCO,CCN\nCCC,CCF\n"))
    assert code == 2 and "which column? there are 1 «CCO», 2 «CCN»" in err
    assert measured("b.csv", "--column", "2")["n"] == measured("b.csv:2")["n"] == 2
    for name, text in (("c.smi", "mol1 CCO\nmol2 CCN\n"), ("c.txt", "mol1;CCO\nmol2;CCN\n")):
        assert measured(put(name, text), "--column", "2", "--task", "molecules")["valid"] == 1
        assert cli("evaluate", name, "--column", "3")[0] == 2
        assert "no header, the strings in column 2" in cli("evaluate", name)[2]


def test_what_was_guessed_is_said(put, cli):
    assert "separated by semicolons" in cli("evaluate", put("a.csv", "id;smiles\n1;CCO\n"))[2]
    assert "no header" in cli("evaluate", put("a.csv", "CCO\nCCN\n"))[2]
    assert (
        "a header, the strings in column 'Structure'" in cli("evaluate", put("a.csv", "Structure\nCCO\n"))[2]
    )
    assert (
        "1 of 2 rows hold no string, the first: line 3: no value"
        in cli("evaluate", put("a.csv", "smiles,id\nCCO,1\n,2\n"))[2]
    )
    assert cli("evaluate", put("a.csv", "smiles,id\nCCO,1\n"))[2] == ""


def test_a_training_set_is_checked_as_the_samples_are(put, measured, cli):
    samples = put("a.smi", "CCO\n")
    found = measured(samples, "--train", put("s.csv", "id;smiles\n1;CCO\n"))
    assert found["novel"] == 0 and found["train_unreadable"] == 0
    for text in ("smiles\nC(\nC)\n", "smiles,id\n,1\n,2\n"):
        found = measured(samples, "--train", put("bad.csv", text), "--reference", "bad.csv")
        assert found["novel"] is None and found["train_unreadable"] == found["reference_unreadable"] == 1
    assert (
        "bad.txt: 1 of its 2 items are no molecules, the first: «x+y»"
        in cli("evaluate", samples, "--train", put("bad.txt", "CCO\nx+y\n"))[2]
    )
    with pytest.warns(UserWarning, match="train: 2 of its 2 items are no expressions"):
        found = gr.evaluate(["x"], train=["y", "z"], task="expressions")
    assert found["novel"] is found["novel_equal"] is None and found["train_unreadable"] == 1


def test_blanks_and_extensions_of_a_smiles_are_no_part_of_it(put, measured):
    assert gr.evaluate(["CCO"], train=["CCO\n"])["novel"] == 0
    assert gr.evaluate(["CCO\n", "CCN\n"])["logp"] is not None
    numbers = measured(put("cx.csv", 'smiles\n"C[C@H](O)C(C)F |o1:1,3|"\n'))
    assert numbers["n"] == numbers["valid"] == 1
    assert measured(put("cx.csv", "smiles\nC[C@H](O)C(C)F |o1:1,3|\n"))["valid"] == 1


def test_one_string_is_one_item_in_every_function(put, smiles, equations):
    assert gr.evaluate("CCO")["n"] == len(gr.table("CCO")) == 1
    assert smiles.encode("CCO").shape == (1, 56) == smiles.encode_each("CCO").shape
    assert len(smiles.reconstruct("CCO")) == len(smiles.same("CCO")) == len(smiles.prepare("CCO")) == 1
    assert gr.goal("qed")("CCO").shape == (1,)
    for reader in (gr.evaluate, gr.table, smiles.encode, smiles.reconstruct, gr.goal("qed")):
        with pytest.raises(DataError, match="expected a"):
            reader(5)


def test_names_and_files_stand_for_what_they_hold(put):
    put("a.smi", "CCO\n")
    assert (
        gr.evaluate(["CCO"], train="a.smi")["novel"]
        == 0
        == gr.evaluate(["CCO"], reference="a.smi")["logp_w1"]
    )
    assert gr.evaluate("a.smi")["valid"] == 1
    assert 0 <= gr.evaluate(["CCO"], train="nci")["novel"] <= 1
    with pytest.raises(DataError, match="no such file, and no data set"):
        gr.evaluate(["CCO"], train="CCO")


def test_tables_series_and_gaps_are_lists(smiles):
    frame = pd.DataFrame({"id": [1, 2, 3], "smiles": ["CCO", None, float("nan")]})
    for given in (frame, frame["smiles"], frame["smiles"].to_numpy(), {"smiles": ["CCO", None, pd.NA]}):
        assert gr.evaluate(given)["n"] == 3 and gr.evaluate(given)["valid"] == pytest.approx(1 / 3)
        assert gr.table(given)["valid"].tolist() == [True, False, False]
        assert [text is None for text in smiles.reconstruct(given)] == [False, True, True]
        assert np.isnan(gr.goal("qed")(given)).tolist() == [False, True, True]
        assert gr.evaluate(["CCO"], train=given)["novel"] == 0
    assert gr.evaluate([Chem.MolFromSmiles("OCC")], train=frame)["novel"] == 0
    with pytest.raises(DataError, match=r"a table of a, b; give the column of its strings"):
        gr.evaluate(pd.DataFrame({"a": ["C"], "b": ["N"]}))
    with pytest.raises(DataError, match="item 1: 5 is a int"):
        gr.evaluate(["CCO", 5])


def test_blanks_in_expressions_do_not_count(put, measured, done, equations):
    spaced, plain = ["x + 1", "x * x", "sin( x )"], ["x+1", "x*x", "sin(x)"]
    assert np.array_equal(equations.encode(spaced), equations.encode(plain))
    assert equations.reconstruct(spaced) == equations.reconstruct(plain)
    files = put("spaced.txt", "\n".join(spaced)), put("plain.txt", "\n".join(plain))
    back = [json.loads(done("reconstruct", file, "-m", "grae-equations", "--json")) for file in files]
    assert back[0] == back[1] and back[0]["covered"] == 3
    assert measured(files[0], "--train", files[1])["novel"] == 0


def test_an_item_that_is_not_read_says_why_beside_what_is_covered(put, done):
    back = json.loads(done("reconstruct", put("e.txt", "x+1\nx^2\n"), "-m", "grae-equations", "--json"))
    assert back["n"] == 2 and back["covered"] == 1 and "^" in back["not_covered"]
    back = json.loads(done("reconstruct", put("m.smi", "CCO\nC(\n"), "--json"))
    assert back["n"] == back["covered"] == back["left_out"] == 1 and "unbalanced" in back["not_covered"]


def test_a_column_can_be_named_wherever_a_table_is_taken(put, measured, cli, done):
    table = put("st.csv", "Structure,id\nCCO,1\nCCN,2\n")
    code, _, err = cli("grammar", "build", table, "--out", "s.cfg")
    assert code == 2 and "name one, with --column or as st.csv:Structure" in err
    done("grammar", "build", table, "--out", "s.cfg", "--column", "Structure")
    done("grammar", "build", "st.csv:Structure", "--out", "s.cfg")
    samples = put("a.smi", "CCO\n")
    for words in (
        ["st.csv:Structure"],
        [table, "--train-column", "Structure"],
        [table, "--column", "Structure"],
    ):
        assert measured(samples, "--train", *words)["novel"] == 0
    assert measured("st.csv:Structure", "--reference", table, "--reference-column", "Structure")["n"] == 2
    assert measured(table, "--column", "Structure", "--train", put("t.csv", "smiles\nCCO\n"))["novel"] == 0.5
    done("encode", table, "--column", "Structure", "--out", "codes.npz")


def test_training_and_densities_take_a_column(put, done, toy_run, rna):
    strings = (rna / "rna.txt").read_text().split()
    table = put("t.csv", "place,fold\n" + "".join(f"{i},{text}\n" for i, text in enumerate(strings)))
    done("density", toy_run, "--fit", "box", "--data", table, "--column", "fold", "--out", "copy")
    done("density", toy_run, "--fit", "box", "--data", "t.csv:fold", "--out", "copy2")


def test_only_the_wanted_column_matters(put, measured):
    assert measured(put("w.csv", "smiles,note\nCCO," + "a" * 140_000 + "\n"))["valid"] == 1
    assert measured(put("w.csv", "smiles,note\nCCO,café €\n".encode("cp1252")))["valid"] == 1
    assert measured(put("w.csv", "smiles,note\nCCO,a,b\nCCN\n"))["n"] == 2


def test_a_quote_that_is_not_closed_costs_one_row(put, measured):
    rows = ["smiles,note", "CCO,1", '"CCN,2', *["CCC,3"] * 2000]
    numbers = measured(put("q.csv", "\n".join(rows)))
    assert numbers["n"] == 2002 and numbers["rejected"] == 1 and numbers["valid"] == 2001 / 2002


def test_records_of_an_sd_file_that_are_no_molecules_are_not_valid(put, measured):
    good = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))
    numbers = measured(put("h.sdf", good + "$$$$\nbroken\n$$$$\n"), "--table", "rows.csv")
    assert numbers["valid"] == 0.5 and numbers["n"] == 2
    rows = pd.read_csv("rows.csv", keep_default_na=False)
    assert rows["reason"].tolist() == ["", "line 12: not a molecule RDKit can read"]
    assert measured(put("none.sdf", "broken\n$$$$\n$$$$\n"))["valid"] == 0
    data = good.encode() + b"> <note>\ncaf\xe9\n\n$$$$\n"
    assert measured(put("latin.sdf", data))["valid"] == 1


def test_a_record_of_too_many_atoms_is_rejected(put, measured):
    n = 20_000
    atoms = [f"M  V30 {i} C 0 0 0 0" for i in range(1, n + 1)]
    bonds = [f"M  V30 {i} 1 {i} {i + 1}" for i in range(1, n)]
    head = ["long", "", "", "  0  0  0     0  0            999 V3000", "M  V30 BEGIN CTAB"]
    head.append(f"M  V30 COUNTS {n} {n - 1} 0 0 0")
    lists = ["M  V30 BEGIN ATOM", *atoms, "M  V30 END ATOM", "M  V30 BEGIN BOND", *bonds, "M  V30 END BOND"]
    block = "\n".join([*head, *lists, "M  V30 END CTAB", "M  END", ""])
    good = Chem.MolToV3KMolBlock(Chem.MolFromSmiles("CCO"))
    numbers = measured(put("long.sdf", f"{block}$$$$\n{good}$$$$\n"))
    assert numbers["n"] == 2 and numbers["rejected"] == 1 and numbers["valid"] == 0.5


def test_an_sd_file_without_molecules_cannot_be_encoded(put, cli):
    put("none.sdf", "$$$$\n$$$$\n")
    for verb in (["encode", "none.sdf", "--out", "z.npz"], ["reconstruct", "none.sdf"]):
        code, _, err = cli(*verb)
        assert code == 2 and "none" in err and "Traceback" not in err


def test_what_a_grammar_writes_is_read_again(put, measured, done, cli):
    grammar = put("e.cfg", RNA_ENDS)
    assert gr.evaluate(["", "a", "aa"], task=grammar)["valid"] == 1
    assert gr.evaluate(["", None], task=grammar)["valid"] == 0.5
    for name in ("e.txt", "e.csv", "e.parquet", "e.tsv"):
        done("grammar", "sample", grammar, "-n", "20", "--steps", "4", "--out", name)
        numbers = measured(name, "--task", grammar)
        assert numbers["n"] == 20 and numbers["valid"] == 1 and numbers["length"] < 4
    code, _, err = cli("grammar", "sample", grammar, "-n", "20", "--steps", "4", "--out", "e.smi")
    assert code == 2 and "is empty or holds blanks" in err
    spaced = put("s.cfg", "S -> ' ' S | 'b'\n")
    for name in ("s.txt", "s.csv"):
        done("grammar", "sample", spaced, "-n", "20", "--steps", "5", "--out", name)
        assert measured(name, "--task", spaced)["valid"] == 1


def test_what_spreadsheets_write_is_read_and_what_is_uneven_is_asked(put, measured, cli):
    assert measured(put("a.csv", "sep=;\r\nid;smiles\r\n1;CCO\r\n"))["valid"] == 1
    code, _, err = cli("evaluate", put("b.csv", "mol;id\nCCO\n1;2;3\nCCN\nCCC;5;6;7\n"))
    assert code == 2 and "one column called «mol;id»; is it separated by semicolons?" in err
    assert measured(put("a.smiles", "CCO name\n"))["valid"] == 1


def test_one_string_is_one_picture_and_one_score(smiles):
    assert gr.grid("CCO").png == gr.grid(["CCO"]).png
    assert len(gr.figures.curves("x+1").axes) == 1 and gr.figures.grid("CCO").axes
    with pytest.raises(DataError, match="none of the 1 strings is a molecule"):
        gr.grid("C(")
    search = gr.Optimizer(smiles.encode_each, decoder_of(smiles), None, region_of(smiles))
    search.tell("CCO", 1.0)
    assert search.best()[0].string == "CCO"
