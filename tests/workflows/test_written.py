"""What no line of a file can hold is left out and counted; what can be held is written."""

import json

import pandas as pd
import pytest

from grammar_rae.files.tables import read
from grammar_rae.tasks.find import named
from grammar_rae.workflows.written import write_items

WORDS = ("generate", "-n", 12, "-m", "grae-equations", "--density", "prior", "--temperature", 3)


@pytest.mark.parametrize("out", ["a.smi", "a.txt.gz", "-"])
def test_finished_strings_are_written_where_others_are_not(cli, tmp_path, out):
    out = out if out == "-" else tmp_path / out
    code, shown, err = cli(*WORDS, "--no-budget", "--out", out, "--json")
    strings, table = shown.splitlines()[:-1] if out == "-" else read(out).values, shown.splitlines()[-1]
    left_out = 12 - round(12 * json.loads(table)["valid"])
    place = "standard output" if out == "-" else out
    assert code == 0 and 0 < left_out < 12 and len(strings) == 12 - left_out and all(strings)
    assert err == f"grammar-rae: {place}: {left_out} of 12 strings are unfinished: left out\n"


def test_tables_keep_a_row_for_what_is_unfinished(cli, tmp_path):
    code, _, err = cli(*WORDS, "--no-budget", "--out", tmp_path / "a.csv", "--json")
    rows = pd.read_csv(tmp_path / "a.csv", keep_default_na=False)
    empty = (rows.iloc[:, 0] == "").sum()
    assert code == 0 and len(rows) == 12 and empty > 0 and not rows["valid"][rows.iloc[:, 0] == ""].any()
    assert f"{empty} of 12 strings are unfinished: empty rows\n" in err


def test_an_sd_file_has_the_molecules(tmp_path):
    with pytest.warns(UserWarning, match="2 of 4 strings are no molecules: left out"):
        write_items(named("molecules"), str(tmp_path / "a.sdf"), ["CCO", "", "C(C)(C)(C)(C)C", "CCN"])
    assert read(tmp_path / "a.sdf").values == ["CCO", "CCN"]


def test_nothing_is_said_where_all_is_written(cli, tmp_path):
    assert cli(*WORDS, "--out", tmp_path / "a.smi", "--json")[2] == ""
    assert len(read(tmp_path / "a.smi")) == 12
