"""Terminals that are narrow or know no UTF-8: tables are shown as well as can be, data is never changed."""

import os
import subprocess
import sys

import pytest

CODE = "from grammar_rae.cli import main; main()"


def command(*words, **environment):
    return subprocess.run(
        [sys.executable, "-c", CODE, *map(str, words)],
        capture_output=True,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "ascii"}, {"COLUMNS": "20"}])
def test_a_table_is_shown_on_any_terminal(tmp_path, environment):
    (tmp_path / "a.smi").write_text("CCO\nC1CC\n")
    (tmp_path / "b.smi").write_text("CCO\n")
    done = command("evaluate", tmp_path / "a.smi", tmp_path / "b.smi", **environment)
    assert done.returncode == 0 and b"valid" in done.stdout and b"Traceback" not in done.stderr


def test_what_the_terminal_cannot_show_is_not_written_as_something_else(tmp_path):
    (tmp_path / "a.cfg").write_text("S -> 'ä' S | 'b'\n", "utf-8")
    words = ("grammar", "sample", tmp_path / "a.cfg", "-n", 5, "--steps", 5)
    assert "ä".encode() in command(*words, PYTHONIOENCODING="utf-8").stdout
    done = command(*words, PYTHONIOENCODING="ascii")
    assert done.returncode == 2 and done.stdout == b""
    assert b"standard output takes ascii alone, and there is '\\xe4' to write; set PYTHONIO" in done.stderr
