"""Shared pieces: where tests run, a small trained run folder, the command line."""

import json
import sys

import place
import pytest
import torch

from grammar_rae.cli import main
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.unparser import unparse
from grammar_rae.grammar.sampling import sample

RNA = "S -> '.' S | '(' L ')' S | '.'\nL -> '.' L | '(' L ')' L | '.' '.' '.'\n"
TINY = (
    "training.epochs=1",
    "training.batch=64",
    "decoder.hidden=16",
    "encoder.filters=[8, 8]",
    "encoder.hidden=16",
    "encoder.latent=4",
    "density.components=2",
)


def pytest_addoption(parser):
    parser.addoption("--device", default="cpu", help="cpu or cuda")


def pytest_configure(config):
    place.DEVICE = config.getoption("--device")


@pytest.fixture
def waiting_is_an_error():
    """On a GPU: any wait of the host for the device raises."""
    if place.DEVICE == "cpu":
        pytest.skip("needs --device cuda")
    torch.cuda.set_sync_debug_mode("error")
    yield
    torch.cuda.set_sync_debug_mode("default")


@pytest.fixture(scope="session")
def rna(tmp_path_factory):
    """A grammar file, and a file of strings it derives."""
    folder = tmp_path_factory.mktemp("rna")
    (folder / "rna.cfg").write_text(RNA)
    grammar = Grammar.parse(RNA)
    strings = dict.fromkeys(unparse(grammar, sample(grammar, 300, 20, seed=0)))
    (folder / "rna.txt").write_text("".join(f"{text}\n" for text in strings))
    return folder


@pytest.fixture(scope="session")
def toy_run(rna):
    """A run folder trained for a moment on the RNA grammar."""
    from grammar_rae.experiments.train import train

    train("grae", grammar=rna / "rna.cfg", data=rna / "rna.txt", out=rna / "run", overrides=TINY)
    return rna / "run"


@pytest.fixture
def cli(monkeypatch, capsys):
    """Run `grammar-rae …` in this process: (exit code, standard output, standard error)."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["grammar-rae", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
            raise SystemExit(0)
        out, err = capsys.readouterr()
        return stop.value.code or 0, out, err

    return run


@pytest.fixture
def done(cli):
    """Run it and expect success: standard output."""

    def run(*words):
        code, out, err = cli(*words)
        assert code == 0, err
        return out

    return run


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Write a file into an empty folder, the current one: its name."""
    monkeypatch.chdir(tmp_path)

    def write(name, text):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    return write


@pytest.fixture
def measured(done):
    """`grammar-rae evaluate … --json`."""
    return lambda *words: json.loads(done("evaluate", *words, "--json"))
