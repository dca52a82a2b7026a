"""Items that are too long are refused by their length, before anything looks into them; an option allows more."""

import json

import pytest

import grammar_rae as gr
from grammar_rae.chemistry import smiles
from grammar_rae.chemistry.drawing import svg
from grammar_rae.chemistry.prefixes import spellings
from grammar_rae.chemistry.smiles import READABLE, canonical, kekule
from grammar_rae.errors import DataError, ParseError
from grammar_rae.files.tables import read, write
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing import parser
from grammar_rae.grammar.parsing.parser import parse, parse_known
from grammar_rae.limits.lengths import LONGEST, VARIABLE, allow, longest

LONG = {
    "a chain": "C" * 20_000,
    "nested branches": "C(" * 10_000 + "C" + ")" * 10_000,
    "nested brackets": "[" * 10_000 + "C" + "]" * 10_000,
    "a ring": "C1" + "C" * 20_000 + "1",
    "a million characters": "C" * 10**6,
    "rings one in another": "C1=CC=C(" * 3_000 + "C" + ")C=C1" * 3_000,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_a_molecule_that_is_too_long_is_refused_by_its_length(text):
    found = gr.table(["CCO", text], task="molecules")
    assert found["valid"].tolist() == [True, False]
    assert found["reason"][1] == (
        f"{len(text):,} characters, more than the 5,000 allowed; grammar-rae --longest raises that"
    )
    assert canonical(text) is kekule(text) is None
    assert gr.evaluate(["CCO", text], task="molecules", train=[text])["valid"] == 0.5


def test_as_many_characters_as_are_allowed_are_read():
    assert canonical("C" * LONGEST) == "C" * LONGEST and canonical("C" * (LONGEST + 1)) is None


def test_molecules_of_thousands_of_atoms_have_all_properties():
    found = gr.table(["NC(=O)" * 800 + "C", "C1CC2C1CC2" * 100], task="molecules")
    assert found["valid"].all() and found[["logp", "sa", "qed", "plogp"]].notna().all().all()
    assert found["qed"][0] > 0 and found["logp"][0] < -100


def test_the_environment_and_the_option_allow_more(monkeypatch, tmp_path, cli):
    monkeypatch.setenv(VARIABLE, str(LONGEST + 1))
    assert longest() == LONGEST + 1 and canonical("C" * (LONGEST + 1))
    allow(12)
    assert longest() == 12 and gr.evaluate(["C" * 12, "C" * 13], task="molecules")["valid"] == 0.5
    (tmp_path / "a.smi").write_text("CCO\n" + "C" * 13 + "\n")
    code, out, err = cli("--longest", 13, "evaluate", tmp_path / "a.smi", "--json")
    assert code == 0 and json.loads(out)["valid"] == 1, err


@pytest.mark.parametrize("name", ["a.smi", "a.csv", "a.txt"])
def test_a_row_that_is_too_long_is_rejected_with_its_line(name, tmp_path):
    (tmp_path / name).write_text("smiles\n" * (name == "a.csv") + "CCO\n" + "C" * 20_000 + "\nCCN\n")
    with pytest.warns(UserWarning, match="1 of 3 rows hold no string"):
        found = read(tmp_path / name)
    assert found.values == ["CCO", "CCN"] and len(found.rejected) == 1
    line, text, reason = found.rejected[0]
    assert line == 2 + (name == "a.csv") and len(text) < 100
    assert reason.startswith("20,000 characters, more than the 5,000 allowed")


@pytest.mark.parametrize("value", ["", "0", "-1", "many", "1e3", "9" * 30])
def test_the_environment_must_name_a_number(monkeypatch, value):
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(DataError, match=f"{VARIABLE} .*expected .*1 to 1,000,000,000"):
        canonical("CCO")


def test_no_option_makes_rdkit_read_more_than_its_stack_holds(monkeypatch):
    monkeypatch.setenv(VARIABLE, "1000000")
    reason = gr.table(["C" * (READABLE + 1)], task="molecules")["reason"][0]
    assert reason == "10,001 characters, more than the 10,000 RDKit can read"


def test_a_string_of_a_grammar_that_is_too_long_is_refused(monkeypatch):
    grammar = Grammar.parse("S -> '(' S ')' | 'x'")
    deep = "(" * 10_000 + "x" + ")" * 10_000
    x, known, errors = parse_known(grammar, ["x", deep, "(x)", "("])
    assert known.tolist() == [0, 2] and x.shape == (2, 2) and [i for i, _ in errors] == [1, 3]
    assert str(errors[0][1]).startswith("item 1: 20,001 characters, more than the 5,000 allowed")
    with pytest.raises(ParseError, match="item 0: 20,001 characters"):
        parse(grammar, [deep])
    monkeypatch.setenv(VARIABLE, "30000")
    assert parse(grammar, [deep]).shape == (1, 10_001)


def test_deep_expressions_are_computed(monkeypatch):
    monkeypatch.setenv(VARIABLE, "30000")
    deep = "(" * 10_000 + "x" + ")" * 10_000
    assert gr.evaluate(["x", deep, "x+" * 9_000 + "x"], task="expressions")["valid"] == 1
    monkeypatch.delenv(VARIABLE)
    found = gr.table(["x", deep, "x+" * 5 * 10**5 + "x"], task="expressions")
    assert found["valid"].tolist() == [True, False, False]
    assert found["reason"].str.contains("characters, more than the 5,000 allowed")[1:].all()


ALTERNATING = [
    "[C@H]12[C@H]3[C@@H]4[C@H]5[C@@H]([C@H]1N24)N53",
    "O=C(C[C@]1(c2ccc(-c3ccc(F)cc3)cc2)C2CC3CC1CC(C2)[C@@H]3O)N1CC(O)C1",
    "O=C(c1ccccc1C(=O)N1C(=O)c2ccccc2C1=O)N1C(=O)c2ccccc2C1=O",
    "COC(=O)CC[C@@H](C)[C@H]1CC[C@H]2[C@H]3[C@H](CC[C@@]21C)[C@@]1(C)CC[C@]2(C[C@H]1C[C@H]3OC(C)=O)"
    "OOC1(CC[C@@H](C)CC1)OO2",
    r"[H]/N=C(C=C)\C(/N=C\[O-])=N\[H]",
]


def rdkits(text):
    from rdkit import Chem

    return Chem.MolToSmiles(Chem.MolFromSmiles(text))


@pytest.mark.parametrize("text", ALTERNATING)
def test_a_molecule_whose_canonical_forms_alternate_has_one(text):
    forms = [text]
    for _ in range(4):
        forms.append(rdkits(forms[-1]))
    assert rdkits(forms[1]) != forms[1]  # what this is about
    assert len({canonical(form) for form in forms}) == 1
    one = canonical(text)
    assert one in forms and canonical(one) == one
    assert len({kekule(form) for form in forms}) == 1
    assert gr.evaluate(forms, task="molecules", train=[forms[2]])["novel"] == 0


@pytest.mark.parametrize(
    ("form", "text", "readings"),
    [
        (canonical, "Cc1ccccc1", 1),
        (canonical, "c1ccccc1C", 2),
        (kekule, "Cc1ccccc1", 2),
        (kekule, "c1ccccc1C", 3),
        (kekule, "Cc1ccccc1.O", 3),
    ],
)
def test_what_is_in_canonical_form_is_not_read_again(form, text, readings, monkeypatch):
    read, once = [], smiles.molecule
    monkeypatch.setattr(smiles, "molecule", lambda given: read.append(given) or once(given))
    assert form(text) == ("Cc1ccccc1" if form is canonical else "CC1=CC=CC=C1")
    assert len(read) == readings


def test_the_limit_is_looked_up_once_for_all_texts(monkeypatch):
    asked = []
    monkeypatch.setattr(parser, "longest", lambda: asked.append(1) or 3)
    _, known, errors = parser.parse_known(Grammar.parse("S -> 'a' S | 'a'"), ["a", "aaaa", "aaa"] * 50)
    assert len(known) == 100 and len(errors) == 50 and len(asked) == 1


@pytest.mark.parametrize("text", ["C" * 20_000, "C(" * 10_000])
def test_no_way_leads_a_string_that_is_too_long_to_rdkit(text, tmp_path):
    with pytest.raises(DataError, match=r"^start CCCC|^start C\(C\("):
        spellings(text)
    with pytest.raises(DataError, match="is not a molecule, expected the SMILES to be similar to"):
        gr.goal(f"similarity:{text}")
    with pytest.raises(DataError, match="row 1: .* is not a molecule"):
        write(tmp_path / "a.sdf", [text])
    assert svg(text) == ""
