"""What a command imports: only what it runs, told by `sys.modules` of a fresh process."""

import json
import subprocess
import sys

import grammar_rae as gr
from grammar_rae.cli import VERBS, grammar

RUN = """
import contextlib, io, json, sys
from grammar_rae.cli import main
for words in json.loads(sys.argv.pop()):
    sys.argv = ["grammar-rae", *words]
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        main()
    assert out.getvalue(), words
    print(json.dumps([name for name in {names} if name in sys.modules]))
"""
LIBRARIES = (
    "torch rdkit nltk pandas numpy scipy sklearn matplotlib numba sympy networkx botorch lightning_fabric PIL"
)
UNUSED = "nltk scipy.stats sklearn matplotlib sympy botorch gpytorch lightning_fabric PIL zuko pooch"


def imported(names, *commands):
    """Which of these libraries a process has imported after each of the commands."""
    code = RUN.replace("{names}", repr(names.split()))
    words = json.dumps([[str(word) for word in words] for words in commands])
    command = (sys.executable, "-c", code, words)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_what_lists_or_helps_imports_no_large_library():
    verbs = [[verb.__name__] for verb in VERBS]
    verbs += [["grammar", one.name or one.callback.__name__] for one in grammar.app.registered_commands]
    lists = [[verb, *json_] for verb in ("models", "recipes", "datasets") for json_ in ([], ["--json"])]
    commands = [["--help"], *([*verb, "--help"] for verb in verbs), *lists]
    assert imported(LIBRARIES, *commands) == [[]] * len(commands)


def test_a_public_name_costs_nothing_before_it_is_asked_for():
    code = "import grammar_rae, sys; print(*(name for name in sys.argv[1:] if name in sys.modules))"
    command = (sys.executable, "-c", code, *LIBRARIES.split(), "pydantic", "typer")
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "\n"


def test_a_notebook_is_offered_every_public_name():
    code = "import grammar_rae as gr; print(*dir(gr)); [getattr(gr, name) for name in gr.__all__]"
    offered = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True).stdout
    assert set(gr.__all__) <= set(offered.split())


def test_generate_imports_what_it_runs(tmp_path):
    for model in ("grae-smiles", "grae-equations"):
        words = ("generate", "-n", 10, "-m", model, "--out", tmp_path / "a.csv", "--json")
        assert imported(UNUSED, words) == [[]]
        assert len((tmp_path / "a.csv").read_text().splitlines()) == 11


def test_grammars_need_no_network():
    assert imported("torch pandas rdkit nltk", ("grammar", "check", "equation.cfg")) == [[]]
    assert imported("torch rdkit nltk", ("grammar", "show", "equation.cfg")) == [[]]


def test_evaluating_a_file_draws_nothing(tmp_path):
    (tmp_path / "a.smi").write_text("CCO\nCCN\n")
    assert imported("matplotlib sklearn sympy botorch", ("evaluate", tmp_path / "a.smi")) == [[]]
