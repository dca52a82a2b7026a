"""Check values of the molecule and expression scores."""

from __future__ import annotations

import runpy
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from rdkit import Chem, RDConfig
from rdkit.Chem import Crippen, Lipinski

from grammar_rae.datasets import canonical, canonicals, load, molecule, sources
from grammar_rae.datasets.expressions import FILE
from grammar_rae.evaluation.expressions import scores
from grammar_rae.evaluation.expressions.programs import BINARY, Value, program, run
from grammar_rae.evaluation.expressions.target import target_of
from grammar_rae.evaluation.molecules import metrics
from grammar_rae.evaluation.molecules.molecule import Molecule
from grammar_rae.evaluation.molecules.properties import cycle
from grammar_rae.grammar.parsing.parser import parse

PLOGP = {
    "CC(=O)c1cc2cc(Cl)ccc2cc1C(=O)Nc1cccc(NC(=O)Nc2cccc(-c3ccccc3C)c2)c1": 5.300364265812645,
    "CC(C)CCCCCc1ccc(Cl)nc1": 2.937,
    "CCCc1ccc(I)cc1C1CCC-c1": 2.891,
    "c1ccccc1": 2.095,
    "CCO": -0.258,
    "CC(C)(C)c1ccc2occ(CC(=O)Nc3ccccc3F)c2c1": 3.140,
}
# (expression, true division, floor division of literals)
FIGURE_2 = [
    ("sin(3)+x", 0.4304, 0.4304),
    ("x+1/exp(1)", 0.3892, 0.3892),
    ("x+1+2*sin(3+1+2)", 0.3906, 0.3906),
    ("x/1+sin(x)+sin(x*x)", 0.4625, 0.4625),
    ("1/2+(x)+sin(x*x)", 0.0274, 0.1054),
    ("x/2+sin(1)+(x/2)", 0.5176, 0.5176),
    ("x*1+sin(x)+sin(3+x)", 0.4887, 0.4887),
    ("x/1+sin(1)+sin(2*2)", 0.4506, 0.4506),
    ("1/1+(x)+sin(1/2)", 0.9782, 0.6130),
    ("x+sin(3)*1", 0.4304, 0.4304),
    ("x/x/3+x", 0.3911, 0.3911),
    ("sin(exp(exp(1)))+x/2*2", 0.4011, 0.4011),
]


def published(name: str, strings: list[str]) -> np.ndarray:
    """A property of molecules, however they are spelled."""
    return metrics.properties(canonicals(strings), (name,))[name].to_numpy()


def test_penalised_logp_check_values() -> None:
    found = published("plogp", list(PLOGP))
    np.testing.assert_allclose(found, list(PLOGP.values()), atol=1e-3)


def test_score_does_not_depend_on_the_spelling() -> None:
    name = "CC(=O)c1cc2cc(Cl)ccc2cc1C(=O)Nc1cccc(NC(=O)Nc2cccc(-c3ccccc3C)c2)c1"
    spellings = [Chem.MolToSmiles(molecule(name), rootedAtAtom=i) for i in (0, 5, 11)]
    assert len(set(published("plogp", [*spellings, name]))) == 1


def test_no_score_is_nan() -> None:
    assert np.isnan(published("qed", ["", "C(", "C1CC", "CC(C)(C)(C)C", "a b"])).all()


@pytest.mark.parametrize(
    "smiles",
    [
        "C1CCCCCCC1",
        "c1ccc2ccccc2c1",
        "C1CC2CCC1C2",
        "C12C3C4C1C5C2C3C45",
        "C1CCC2(CC1)OCCO2",
        "CCO",
        "c1ccc2cc3ccccc3cc2c1",
    ],
)
def test_cycle_is_networkx_on_the_adjacency_matrix(smiles: str) -> None:
    read = molecule(canonical(smiles) or "")
    assert read is not None
    rings = nx.cycle_basis(nx.Graph(Chem.GetAdjacencyMatrix(read)))
    assert cycle(Molecule(read, smiles)) == -max(0, max(map(len, rings), default=0) - 6)


def test_penalised_logp_of_many_molecules_is_the_definition() -> None:
    """RDKit's logP and SA and NetworkX's cycles on the adjacency matrix, put together with the six constants."""
    known = (form for text in load("nci").train if (form := canonical(text)) is not None)
    forms = sorted(dict.fromkeys(known), key=lambda form: Lipinski.RingCount(Chem.MolFromSmiles(form)))[-500:]
    sa = runpy.run_path(str(Path(RDConfig.RDContribDir) / "SA_Score" / "sascorer.py"))["calculateScore"]
    cycles, wanted = [], []
    for form in forms:
        read = Chem.MolFromSmiles(form)
        rings = nx.cycle_basis(nx.Graph(Chem.GetAdjacencyMatrix(read)))
        cycles.append(min(0, 6 - max(map(len, rings), default=0)))
        parts = (Crippen.MolLogP(read), -sa(read), cycles[-1])
        scaled = ((2.4570953396190123, 1.434324401111988), (-3.0525811293166134, 0.8335207024513095))
        scaled = (*scaled, (-0.0485696876403053, 0.2860212110245455))
        wanted.append(sum((part - mean) / std for part, (mean, std) in zip(parts, scaled, strict=True)))
    found = metrics.properties(forms, ("cycle", "plogp"))
    assert min(cycles) < -1 and sum(term < 0 for term in cycles) > 10
    np.testing.assert_array_equal(found["cycle"], cycles)
    np.testing.assert_allclose(found["plogp"], wanted, rtol=0, atol=1e-12)


def test_expression_anchors() -> None:
    found = scores.score(
        ["1/3+x+sin(x*x)", "1/3+(x)+sin(x*x)", "x", "1/3+x", "exp(exp(exp(x)))/exp(exp(exp(x)))"]
    )
    np.testing.assert_allclose(found, [0, 0, 0.4876, 0.3911, np.log(1001)], atol=1e-4)


def scores_in_python_2(strings: list[str]) -> list[float]:
    """The published score where two integers divide downwards."""

    def divided(left: Value, right: Value) -> Value:
        return left // right if isinstance(left, int) and isinstance(right, int) else left / right

    grammar = scores.standard()
    points, wanted = target_of(scores.TARGET, grammar)
    programs = [program(row, grammar) for row in parse(grammar, strings)]
    return [scores.log_mse(run(words, points, {**BINARY, "/": divided}), wanted) for words in programs]


def test_expressions_of_figure_2_under_both_divisions() -> None:
    strings = [row[0] for row in FIGURE_2]
    np.testing.assert_allclose(scores.score(strings), [row[1] for row in FIGURE_2], atol=5e-5)
    np.testing.assert_allclose(scores_in_python_2(strings), [row[2] for row in FIGURE_2], atol=5e-5)


def test_literals_that_cannot_be_divided_score_worst() -> None:
    assert scores_in_python_2(["1/(1/2)"])[0] == pytest.approx(np.log(1001))
    assert np.isfinite(scores.score(["1/(1/2)"]))[0]


def test_what_is_no_expression_has_no_score() -> None:
    assert np.isnan(scores.score(["", "x+", "__import__('os')", "y"])).all()


def test_published_expressions_have_the_published_statistics() -> None:
    if sources.present(FILE) is None:
        pytest.skip("the published expressions are not here")
    published = load("equations")
    found = scores.score((published.train + published.valid)[::7])
    assert found.mean() == pytest.approx(4.7187, abs=0.05)
    assert found.std() == pytest.approx(1.4582, abs=0.05)
    assert (found >= np.log(1001) - 1e-9).mean() == pytest.approx(0.0633, abs=0.01)
