"""Value discrepancy: the best items of a score, of which some come back as items with another score."""

import pandas as pd
import pytest
from untrained import untrained_molecules, untrained_strings

from grammar_rae.evaluation.molecules.metrics import sought
from grammar_rae.experiments import discrepancy
from grammar_rae.experiments.discrepancy import discrepancy_lines, value_discrepancy

MOLECULES = [
    "CCO",
    "c1ccccc1",
    "CCCCCCCC",
    "CC(=O)N",
    "nonsense",
    "OCCO",
    "c1ccc2ccccc2c1",
    "CCN",
    "FC(F)(F)F",
]


def returned(how):
    """A stand-in for `Model.reconstruct` that keeps what it was asked for."""
    asked = []

    def reconstruct(items, revisions=0):
        asked.append((list(items), revisions))
        return how(items, revisions)

    return reconstruct, asked


@pytest.fixture
def model():
    return untrained_molecules("repeat")


def test_the_best_items_that_come_back_with_another_score_are_counted(model, monkeypatch):
    def how(items, revisions):
        other = ["C", None, "unreadable", *items[3:]]
        return ["CC", *items[1:]] if revisions else other

    monkeypatch.setattr(discrepancy, "BEST", 4)
    model.reconstruct, asked = returned(how)
    numbers = value_discrepancy(model, MOLECULES, revisions=7)
    assert numbers == {
        "discrepancy_plogp": 0.75, "discrepancy_plogp_revised": 0.25, "discrepancy_plogp_items": 4,
        "discrepancy_qed": 0.75, "discrepancy_qed_revised": 0.25, "discrepancy_qed_items": 4,
    }  # fmt: skip
    scores = pd.DataFrame({"item": MOLECULES, **sought(MOLECULES)}).set_index("item")
    assert [items for items, _ in asked] == [
        list(scores[name].sort_values(ascending=False).index[:4]) for name in ("plogp", "plogp", "qed", "qed")
    ]
    assert [revisions for _, revisions in asked] == [0, 7, 0, 7]
    text = "\n".join(discrepancy_lines(numbers))
    assert "| penalised logP | 4 | 75.00 % | 25.00 % |" in text


def test_another_spelling_and_an_item_of_the_same_score_are_no_discrepancy(model):
    model.reconstruct, _ = returned(lambda items, _: [{"CCO": "OCC"}.get(item, item) for item in items])
    numbers = value_discrepancy(model, ["CCO", "CCN"], 0)
    assert numbers["discrepancy_plogp"] == numbers["discrepancy_qed"] == 0
    assert numbers["discrepancy_qed_items"] == 2


def test_nothing_without_scores_or_items(model):
    assert value_discrepancy(untrained_strings(), ["()"], 0) == {}
    assert value_discrepancy(model, ["nonsense"], 0) == {}
    assert discrepancy_lines({"valid_gmm": 1.0}) == []
