"""What a mistake prints: one line that a terminal can show, whatever stands in it."""

import sys

import pytest

from grammar_rae import cli
from grammar_rae.errors import DataError, GrammarError
from grammar_rae.memory import ran_out

TORCH = "[enforce fail] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"


@pytest.fixture
def complained(monkeypatch, capsys):
    """The exit code and the standard error of a command that raises an error."""

    def run(error):
        def fail():
            raise error

        monkeypatch.setattr(cli, "app", fail)
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return stop.value.code, capsys.readouterr().err

    return run


def test_control_characters_and_line_ends_are_marks(complained):
    for error in (DataError("a\nb\x1b[31m: no such file"), OSError(2, "No such file", "a\nb\x1b[31m")):
        code, err = complained(error)
        assert (
            code == 2 and err.count("\n") == 1 and err.strip().isprintable() and "no such file" in err.lower()
        )


def test_of_a_page_the_beginning_and_the_end_are_shown(complained):
    _, err = complained(DataError("first " + 10_000 * "x" + " last"))
    assert err.startswith("grammar-rae: first xxx") and err.endswith("xxx last\n") and len(err) < 1100


def test_a_grammar_has_a_line_a_defect_and_a_note_shows_the_place(complained):
    error = GrammarError("line 1: one\nline 2: \x1b two")
    error.add_note("    a\n    ^")
    assert complained(error) == (2, "grammar-rae: line 1: one\nline 2: \ufffd two\n    a\n    ^\n")


def test_no_memory_is_one_line_and_other_faults_are_not_hidden(complained):
    for error in (MemoryError(), RuntimeError(TORCH)):
        code, err = complained(error)
        assert code == 2 and err.count("\n") == 1 and "not enough memory" in err and ran_out(error)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        complained(RuntimeError("a fault of ours"))


def test_a_warning_is_one_line(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["grammar-rae"])
    cli._warn(UserWarning("a\nb\x1b[31m"), UserWarning)
    assert capsys.readouterr().err == "grammar-rae: a\ufffdb\ufffd[31m\n"
