"""Functions under what Hypothesis thinks of: a result of which something is sure, or an error of one line."""

import json

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import example as such_as

import grammar_rae as gr
from grammar_rae.cli.listing import _having
from grammar_rae.errors import RecipeError
from grammar_rae.files.formatting import plain, pretty
from grammar_rae.recipes.toml import parse, write

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
SMILES = st.text("CNOcn1234()[]=#@H+-/\\. %*", max_size=12)
STRINGS = st.lists(
    st.one_of(st.text(max_size=12), SMILES, st.sampled_from(["CCO", "x+1", "c1ccccc1"])), max_size=6
)


@QUICK
@given(STRINGS, st.sampled_from(["molecules", "expressions", "strings"]))
@such_as(["CCO\n", "C" * 400], "molecules")
def test_shares_are_shares_and_tables_have_a_row_an_item(items, task):
    table = gr.table(items, task)
    assert len(table) == len(items)
    assert (table["reason"].astype(bool) != table["valid"].astype(bool)).all(), (
        "a reason where it is not valid, and only there"
    )
    if items:
        numbers = gr.evaluate(items, task=task)
        assert numbers["n"] == len(items) and numbers["valid"] == pytest.approx(table["valid"].mean())
        assert all(0 <= numbers[name] <= 1 for name in ("valid", "unique") if numbers[name] is not None)


@QUICK
@given(st.text(max_size=60))
@such_as('name = "a"\n[data]\nname = 3')
def test_a_recipe_is_read_back_as_written_or_refused(text):
    try:
        recipe = parse(text, "mine")
    except RecipeError as error:
        assert str(error).count("\n") == 0
        return
    assert parse(write(recipe), "again") == recipe


@QUICK
@given(st.one_of(st.floats(), st.integers(), st.none(), st.booleans(), st.lists(st.floats(allow_nan=False))))
def test_a_number_is_printed_on_one_line_and_is_json(number):
    assert "\n" not in pretty(number)
    json.dumps(plain(number), allow_nan=isinstance(number, list))


@QUICK
@given(st.lists(st.text(max_size=5), max_size=3))
def test_words_never_find_a_row_without_them(words):
    rows = [("grae", "molecules", "with noise"), ("gvae", "expressions", "the published one")]
    try:
        found = _having(words, rows, "model")
    except ValueError as error:
        assert str(error).startswith("no model has")
        return
    assert all(any(word.lower() in cell for cell in row) for word in words for row in found)
