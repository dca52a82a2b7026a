"""What is wrong is said in the words of whoever asked: parameters in Python, options on the command line."""

import ast
import re
from pathlib import Path

import pytest

import grammar_rae as gr
from grammar_rae import datasets
from grammar_rae.experiments.train import train

PACKAGE = Path(gr.__file__).parent
OPTION = re.compile(r"(?<![-\w])--[a-z]")
KNOWN = re.compile(r"`|^--[a-z]+$")  # a command to run, and what `errors.option` is to say


def messages(path):
    """The texts in what a file raises or warns of, each with its line."""
    for node in ast.walk(ast.parse(path.read_text())):
        said = isinstance(node, ast.Raise) or (
            isinstance(node, ast.Call) and ast.unparse(node.func) == "warnings.warn"
        )
        for part in ast.walk(node) if said else ():
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.lineno, part.value


def test_no_message_of_the_library_names_an_option_itself():
    texts = [
        (path.relative_to(PACKAGE), line, text)
        for path in PACKAGE.rglob("*.py")
        if path.parent.name != "cli"
        for line, text in messages(path)
    ]
    assert len(texts) > 300
    assert [found for found in texts if OPTION.search(found[2]) and not KNOWN.search(found[2])] == []


def test_python_and_the_command_line_say_the_same_in_their_own_words(cli, tmp_path):
    (tmp_path / "a.csv").write_text("one,two\nCCO,1\nCCN,2\n")
    model = gr.load("grae-smiles")
    cases = [
        (lambda: model.generate(2, start="nothing"), ("generate", "-n", 2, "--start", "nothing"), "start"),
        (lambda: datasets.load(tmp_path / "a.csv"), ("evaluate", tmp_path / "a.csv"), "column"),
        (lambda: train("grae", resume=True), (), "resume"),
        (
            lambda: train("grae-smiles", data="digits", column="x"),
            ("train", "grae-smiles", "--data", "digits", "--column", "x", "--out", tmp_path / "run"),
            "column",
        ),
        (
            lambda: gr.optimize("grae-smiles", "qed", 5, similarity=0.5),
            ("optimize", "--score", "qed", "--budget", 5, "--similarity", 0.5),
            "similarity",
        ),
    ]
    for call, words, name in cases:
        with pytest.raises(ValueError) as error:
            call()
        assert name in str(error.value) and "--" not in str(error.value)
        if words:
            code, _, err = cli(*words)
            assert code == 2 and err.count("\n") == 1
            assert err.removeprefix("grammar-rae: ").replace("--", "").strip() == str(error.value)
            assert f"--{name}" in err
