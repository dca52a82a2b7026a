"""`grammar build`: the shape of `smiles.cfg` over a file's own tokens."""

import re

import numpy as np
import pandas as pd
import pytest
from nltk import CFG, ChartParser

from grammar_rae import datasets
from grammar_rae.chemistry.diagnosis import problem_of
from grammar_rae.chemistry.prefixes import prefix_productions, spellings
from grammar_rae.chemistry.smiles_grammar import TOKEN, build_grammar, write_grammar
from grammar_rae.datasets import kekules
from grammar_rae.datasets.molecules import ZINC
from grammar_rae.datasets.sources import present
from grammar_rae.errors import DataError, ParseError
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.compiled import compiled_parser
from grammar_rae.grammar.parsing.parser import parse, parse_known
from grammar_rae.grammar.parsing.unparser import unparse


@pytest.fixture(scope="module")
def molecules():
    return [text for text in kekules(datasets.load("nci").train[:300]) if text is not None]


def test_one_step_a_token_and_one_parse_each(molecules):
    grammar = Grammar.parse(build_grammar(molecules))
    assert compiled_parser(grammar).lookahead.ll1
    x, known, errors = parse_known(grammar, molecules)
    assert len(errors) < 0.02 * len(molecules)  # a bond before a ring digit
    texts = [molecules[i] for i in known]
    tokens = np.array([len(TOKEN.findall(text)) for text in texts])
    assert np.array_equal((x != grammar.pad).sum(1), tokens + 1)
    assert unparse(grammar, x) == texts
    short = np.flatnonzero(tokens < 18)[:10]
    parser = ChartParser(CFG.fromstring("\n".join(str(p) for p in grammar.productions[: grammar.pad])))
    for i in short:
        trees = list(parser.parse([m[0] for m in TOKEN.finditer(texts[i])]))
        assert len(trees) == 1
        found = [str(grammar.productions[r]) for r in x[i] if r != grammar.pad]
        assert found == [str(p) for p in trees[0].productions()]


def test_productions_that_start_alike_share_a_column(molecules):
    grammar = Grammar.parse(build_grammar(molecules))
    assert grammar.tables.columns == len(grammar.terminals) + 1  # no column for ')'; the end and padding


def test_the_tokens_are_the_files_own():
    grammar = Grammar.parse(build_grammar(["C[C@@H](Br)N1CC1", "OC=C"]))
    assert set(grammar.terminals) == {"C", "[C@@H]", "(", "Br", ")", "N", "1", "O", "="}
    assert set(Grammar.parse(build_grammar(["N"])).terminals) == {"N", "C", "(", ")"}
    assert set(Grammar.parse(build_grammar(["C(C)C", "C1CC1"])).terminals) == {"C", "(", ")", "1"}


@pytest.mark.parametrize("text", ["C()C", "C(C)", "(C)C", "C==C", "C=1CC=1", "1CC1", "C=", "()", "C(C))C"])
def test_what_no_molecule_looks_like_is_not_derived(text):
    grammar = Grammar.parse(build_grammar(["CC=C1CC1"]))
    _, _, errors = parse_known(grammar, [text])
    assert errors


def test_strings_that_are_no_smiles_are_refused():
    with pytest.raises(DataError, match=r"item 1: ' ' at position 2 is no token of our grammars.*: CC C"):
        build_grammar(["CC", "CC C"])
    with pytest.raises(DataError, match="no atoms in 0 strings"):
        build_grammar([])


def test_a_file_becomes_a_grammar_and_bad_rows_are_kept_apart(tmp_path):
    (tmp_path / "mine.smi").write_text("c1ccccc1O one\nnot_a_molecule\nCC(=O)[O-]\n")
    sizes = write_grammar(tmp_path / "mine.smi", tmp_path / "mine.cfg")
    grammar = Grammar.read(tmp_path / "mine.cfg")
    assert sizes == {"productions": len(grammar.productions), "molecules": 2, "rejected": 1}
    assert "mine.smi" in grammar.text
    assert "not_a_molecule" in (tmp_path / "mine.cfg.rejects.csv").read_text()
    assert len(parse(grammar, [t for t in kekules(["Oc1ccccc1", "CC(=O)[O-]"]) if t])) == 2


@pytest.mark.parametrize(
    "odd", ["N->[Pt](<-N)(Cl)Cl", "[NH3][Pt][NH3]", "C$C", "[U]$[U]", "C~C", "CC:C"], ids=lambda text: text
)
def test_a_bond_that_grammars_lack_costs_its_own_molecule_alone(tmp_path, odd):
    (tmp_path / "pt.smi").write_text(f"CCO\n{odd}\nCCN\n")
    sizes = write_grammar(tmp_path / "pt.smi", tmp_path / "pt.cfg")
    assert (sizes["molecules"], sizes["rejected"]) == (2, 1)
    rejects = pd.read_csv(tmp_path / "pt.cfg.rejects.csv")
    assert rejects["line"].tolist() == [2] and "is no token of our grammars" in rejects.iloc[0].to_string()
    assert set(Grammar.read(tmp_path / "pt.cfg").terminals) == {"C", "N", "O", "(", ")"}


@pytest.mark.parametrize("smiles", ["[NH3][Pt][NH3]", "N->[Pt](<-N)(Cl)Cl", "CN(=O)=O", "CCO"])
def test_a_molecule_that_rdkit_reads_has_no_problem(smiles):
    assert problem_of(smiles) is None


def test_what_sanitisation_mends_is_not_what_is_wrong():
    assert problem_of("CN(=O)=O.C(C)(C)(C)(C)C").position == 10
    assert problem_of("[NH3][Pt][NH3].C(C)(C)(C)(C)C").position == 16


@pytest.mark.parametrize(
    ("start", "says"),
    [
        ("*c1ccc(cc1)C(=O)N", r"'\*' is not among the model's atoms"),
        ("[Xe]C", "'\\[Xe\\]' is not among .* atoms"),
    ],
)
def test_a_beginning_with_an_atom_that_the_grammar_lacks(start, says):
    grammar = Grammar.read("smiles")
    for prefix in spellings(start):
        with pytest.raises(ParseError, match=says):
            prefix_productions(grammar, prefix)


@pytest.mark.slow
@pytest.mark.skipif(present(ZINC) is None, reason="ZINC250k is not here")
def test_the_shipped_grammar_is_that_of_zinc():
    data = datasets.load("zinc250k")
    texts = [text for text in kekules(data.train + data.valid + data.test) if text is not None]
    shipped = Grammar.read("smiles")
    assert Grammar.parse(build_grammar(texts)).productions == shipped.productions
    _, _, errors = parse_known(shipped, texts)
    assert len(errors) <= 10
    assert all(re.search(r"[/\\]\d", texts[i]) for i, _ in errors)
