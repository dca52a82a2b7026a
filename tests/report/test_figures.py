"""Figures for notebooks, and which items they show."""

import numpy as np
import pandas as pd
import pytest

import grammar_rae as gr
from grammar_rae.errors import DataError
from grammar_rae.evaluation.expressions.target import Target
from grammar_rae.report import figures, selection
from grammar_rae.report.projection import Projection

MOLECULES = [
    "CCO",
    "OCC",
    "c1ccccc1C",
    "Cc1ccccc1",
    "CC(=O)Oc1ccccc1C(=O)O",
    "C1CCCCC1c1ccncc1",
    "C1CC",
    "CN(C)(C)(C)C",
]


@pytest.fixture(scope="module")
def items():
    return gr.table(MOLECULES, "molecules")


def test_figures_show_themselves(items):
    chance = np.random.default_rng(0)
    drawn = [
        gr.figures.distributions(items, items),
        gr.figures.distributions({"a": items, "b <$x_": items}, columns=["logp"]),
        gr.figures.grid(MOLECULES),
        gr.figures.scaffolds(items),
        gr.figures.latent_map(chance.normal(size=(5, 4)), chance.normal(size=(9, 4)), items["logp"][:5]),
        gr.figures.latent_map(chance.normal(size=(5, 2))),
        gr.figures.curves(["x", "1/3+x", "exp(x*x)"]),
    ]
    assert all(figure._repr_png_().startswith(b"\x89PNG") for figure in drawn)


def test_a_distribution_is_of_the_valid_items(items):
    axes = figures.distribution("heavy_atoms", items).axes[0]
    heights, edges, _ = axes.patches[0].get_data()
    centres = (edges[1:] + edges[:-1]) / 2
    valid = items.loc[items["valid"], "heavy_atoms"]
    assert heights.sum() == pytest.approx(1) and abs(heights @ centres - valid.mean()) <= np.diff(edges)[0]


def test_a_projection_is_on_the_principal_axes():
    codes = np.random.default_rng(0).normal(size=(50, 4)) * [1, 5, 2, 3]
    project = Projection.fit(codes)
    variances, axes = np.linalg.eigh(np.cov(codes, rowvar=False))
    np.testing.assert_allclose(np.abs(project.axes @ axes[:, :1:-1]), np.eye(2), atol=1e-12)
    np.testing.assert_allclose(project.shares, variances[:1:-1] / variances.sum())
    np.testing.assert_allclose(np.cov(project(codes), rowvar=False), np.diag(variances[:1:-1]), atol=1e-12)


def test_a_map_has_the_data_s_axes():
    data = np.random.default_rng(0).normal(size=(300, 3)) * [10, 3, 0.1]
    axes = figures.latent_map(np.eye(3) * 5, data).axes
    points = axes[1].collections[0].get_offsets()
    apart = np.linalg.norm(points[0] - points[1])
    assert apart == pytest.approx(np.hypot(5, 5), rel=0.01)  # both kept, the third direction lost
    assert axes[0].get_xlim() == axes[1].get_xlim()
    with pytest.raises(ValueError, match="two numbers or more"):
        figures.latent_map(np.zeros((5, 1)))


def test_a_curve_over_points_and_alone():
    few = Target(np.array([2.0, 0, 1]), np.array([3.0, 1, 2]))
    over = figures.curve("x+1", few).axes[0]
    assert [line.get_label() for line in over.lines] == ["target", "x+1"]
    assert over.lines[0].get_xdata().tolist() == [0, 1, 2] and over.lines[0].get_ydata().tolist() == [1, 2, 3]
    alone = figures.curve("exp(exp(exp(x)))").axes[0]
    assert [line.get_label() for line in alone.lines] == ["exp(exp(exp(x)))"]


def test_what_cannot_be_drawn():
    with pytest.raises(DataError, match="none of the 1 strings is a molecule"):
        figures.grid(["C("])
    with pytest.raises(DataError, match="expression"):
        figures.curve("y")


def test_typical_best_and_novel(items):
    assert set(selection.typical(items, ["weight"], 1)["canonical"]) == {"Cc1ccccc1"}
    assert selection.best(items, "weight", 1)["canonical"].tolist() == ["CC(=O)Oc1ccccc1C(=O)O"]
    assert selection.best(items, "sa", 9)["sa"].is_monotonic_increasing
    found = selection.most_novel(items, ["CCO", "Cc1ccccc1", "CC(=O)Oc1ccccc1C(=O)O"], 9)
    assert found["canonical"].iloc[0] == "c1cc(C2CCCCC2)ccn1" and 0 < found["similarity"].iloc[0] < 0.5
    assert (found["similarity"].iloc[1:] == 1).all() and len(found) == 4
    with pytest.raises(DataError, match="a reference without a molecule"):
        selection.most_novel(items, [])


def test_scaffolds_are_shares():
    shares = selection.scaffold_shares(["CCO", "Cc1ccccc1", "Oc1ccccc1", "c1ccncc1"])
    assert shares.to_dict() == {"c1ccccc1": 0.5, "": 0.25, "c1ccncc1": 0.25}


def test_reasons_are_counted_without_their_numbers(items):
    bad = ["CN(C)(C)(C)C", "CCN(C)(C)(C)C", "C1CC", "C2CC", "CCO", ""]
    found = selection.refusals(gr.table(bad, "molecules"))
    assert found["items"].tolist() == [2, 2, 1] and found["share"].sum() == pytest.approx(5 / 6)
    assert found["string"].tolist()[:2] == ["CN(C)(C)(C)C", "C1CC"]
    rows = gr.table(["x+", "1+", "x", "x"], "expressions")
    assert selection.refusals(rows)["items"].tolist() == [2]
    assert selection.repeated(rows).to_dict() == {"x": 2}


def test_figures_say_what_they_cannot_draw(tmp_path):
    for wrong in (["CCO"], {}, {"a": ["CCO"]}, pd.DataFrame({"smiles": ["CCO"]})):
        with pytest.raises(DataError, match="is no table"):
            figures.distributions(wrong)
    table = gr.table(["CCO"])
    with pytest.raises(DataError, match="no column 'nope'; there are logp"):
        figures.distributions(table, columns=["nope"])
    with pytest.raises(DataError, match="none of the 1 items is a molecule with a ring"):
        figures.scaffolds(table)
    with pytest.raises(DataError, match="no picture of no expressions"):
        figures.curves([])
    with pytest.raises(DataError, match="2 values of 3 codes"):
        figures.latent_map(np.eye(3), values=[1, 2])
    for codes in ([], np.zeros((3, 1)), np.full((3, 4), np.nan)):
        with pytest.raises(DataError, match="codes"):
            figures.latent_map(codes)
    for columns in (0, -1, "a"):
        for draw in (figures.grid, gr.grid):
            with pytest.raises(DataError, match="^columns"):
                draw(["CCO"], columns=columns)
    with pytest.raises(DataError, match="written as PNG"):
        figures.save(figures.curves(["x"]), tmp_path / "x.jpg")
