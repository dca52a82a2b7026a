"""Words that a verb does not take are one line and exit code 2; an interrupt is quiet whatever it interrupts."""

import subprocess
import sys

import pytest

from grammar_rae import cli
from grammar_rae.cli import VERBS

INTERRUPTED = """
import sys
module = sys.argv[1]
class Interrupt:
    def find_spec(self, name, *rest):
        if name == module:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
from grammar_rae.cli import main
sys.argv[1:] = ["grammar", "check", "equation"]
main()
"""


@pytest.fixture
def refused(monkeypatch, capsys):
    """The line that a command is refused with."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["grammar-rae", *words])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        out, err = capsys.readouterr()
        assert (stop.value.code, out, err.count("\n")) == (2, "", 1) and err.startswith("grammar-rae: ")
        return err

    return run


@pytest.mark.parametrize("verb", [one.__name__ for one in VERBS])
def test_an_option_that_a_verb_lacks_is_one_line(refused, verb):
    line = refused(verb, "--nothing-of-the-kind")
    assert "--nothing-of-the-kind" in line and line.endswith(f"see grammar-rae {verb} --help\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["generate", "-n", "x"], "-n 'x'; expected a whole number, 1 to 1,000,000,000"),
        (["generate", "-n", "1.5"], "-n '1.5'; expected a whole number"),
        (["generate", "--keep", "half"], "--keep 'half'; expected a number, 0.001 to 1"),
        (["grammar", "sample", "equation", "--steps", ""], "--steps ''; expected a whole number"),
        (["--longest", "much", "models"], "--longest 'much'; expected a whole number"),
        (["train", "vae", "--devices", "9" * 5000], "--devices '999"),
        (["generate", "-n"], "'-n' requires an argument"),
        (["generate", "--json=3"], "'--json' does not take a value"),
        (["generate", "one", "two"], "(one two); see grammar-rae generate --help"),
        (["genrate"], "Did you mean 'generate'?"),
        (["grammar", "nothing"], "see grammar-rae grammar --help"),
        (["evaluate"], "Missing argument"),
        (["encode", "a.smi"], "Missing option '--out'"),
    ],
)
def test_words_that_make_no_command_are_one_line(refused, words, said):
    assert said in refused(*words)


@pytest.mark.parametrize(
    "module", ["typer", "grammar_rae.cli.walk", "grammar_rae.memory", "grammar_rae.grammar.sampling"]
)
def test_an_interrupt_while_modules_are_imported_is_quiet(module):
    command = [sys.executable, "-c", INTERRUPTED, module]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
