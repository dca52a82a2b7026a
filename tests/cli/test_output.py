"""What is printed: a line a row, whole strings or an ellipsis, groups with headings, and words that narrow a list."""

import json
import os
import pty
import subprocess
import sys

import pytest

from grammar_rae.cli.output import show, show_frame, show_groups, show_side_by_side

COMMAND = (sys.executable, "-c", "from grammar_rae.cli import main; main()")


def frame(strings):
    import pandas as pd

    numbers = [-1234.5 + place for place in range(len(strings))]
    return pd.DataFrame({"smiles": strings, "logp": numbers, "sa": 0.25}).set_index("smiles")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_string_is_whole_or_ends_in_an_ellipsis(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    strings = ["C" * length for length in (1, 12, 54, 55, 56, 57, 58, 100, 200)] + ["x + 1 + " * 20]
    show_frame(frame(strings), False)
    head, rule, *lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(strings)
    room = width - len("  -1,234.500  0.250")
    for text, line in zip(strings, lines, strict=True):
        shown = text if len(text) <= room else f"{text[: room - 1]}…"
        assert line.rstrip() == f"{shown.rstrip():{min(room, max(map(len, strings)))}}  {line[-18:].lstrip()}"
        assert line.split()[-1] == "0.250" and line.split()[-2].startswith("-1,2") and len(line) <= width


@pytest.mark.parametrize(
    ("width", "head", "left_out"),
    [
        (32, "smiles logp sa", ""),
        (26, "smiles logp", "sa"),
        (20, "smiles sa", "logp"),
        (9, "smiles", "logp, sa"),
    ],
)
def test_strings_can_be_read_where_numbers_have_no_room(capsys, monkeypatch, width, head, left_out):
    monkeypatch.setenv("COLUMNS", str(width))
    show_frame(frame(["C" * 20, "CCO"]), False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == head.split() and max(map(len, lines)) <= width
    assert lines[2].startswith("C" * 11 if width > 12 else "C" * (width - 1)) and lines[3].startswith("CCO")
    assert " ".join(" ".join(lines[4:]).split()) == (f"in a wider terminal: {left_out}" if left_out else "")


@pytest.mark.parametrize(
    ("width", "head", "left_out"), [(20, "metric a.smi", "b.smi"), (40, "metric a.smi b.smi", "")]
)
def test_sets_side_by_side_are_as_many_as_have_room(capsys, monkeypatch, width, head, left_out):
    monkeypatch.setenv("COLUMNS", str(width))
    show_side_by_side(["a.smi", "b.smi"], [{"valid": 1.0, "logp": -1.5}, {"valid": 0.5, "logp": 2.0}], False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == head.split() and max(map(len, lines)) <= width
    assert lines[2].split()[:4] == ["valid", "↑", "100.00", "%"] and ("50.00 %" in lines[2]) == (not left_out)
    shown = " ".join(" ".join(lines).split())
    assert (f"in a wider terminal: {left_out}" in shown) == bool(left_out)


def test_a_pipe_has_room_for_everything(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    show_frame(frame(["C" * 500]), False)
    assert "C" * 500 in capsys.readouterr().out


@pytest.mark.parametrize("width", [20, 80])
def test_a_title_is_whole_however_narrow_its_table_is(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    title = "100 from runs/vlac-digits/of a rather long path that is wider than a terminal of eighty columns"
    show({"n": 100}, False, title)
    show_frame(frame(["CCO"]), False, title)
    show_side_by_side([title], [{"n": 100}], False)
    assert capsys.readouterr().out.splitlines().count(title) == 3


@pytest.mark.parametrize("names", ["a", "ab"])
def test_a_list_is_shortened_for_people_and_whole_for_machines(capsys, monkeypatch, names):
    monkeypatch.setenv("COLUMNS", "80")
    sets = [{"n": 3, "kl_by_dimension": [0.125 + place for place in range(56)]} for _ in names]
    show_side_by_side(names, sets, False)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.count("0.12  1.12  2.12  …") for line in lines) == len(names)
    show_side_by_side(names, sets, True)
    found = json.loads(capsys.readouterr().out)
    assert all(
        row["kl_by_dimension"] == sets[0]["kl_by_dimension"] for row in ([found], found)[len(names) - 1]
    )


def test_a_terminal_of_eighty_columns():
    """The same program behind a pseudo-terminal, which says how wide it is."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {name: text for name, text in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    with subprocess.Popen(
        [*COMMAND, "recipes", "smiles"], stdout=theirs, env={**environment, "TERM": "dumb"}
    ) as done:
        os.close(theirs)
        text = b""
        while part := read(ours):
            text += part
    os.close(ours)
    lines = text.decode().splitlines()
    assert done.returncode == 0 and max(map(len, lines)) <= 80
    assert sum(line.rstrip().endswith("…") for line in lines) > 3


def read(descriptor):
    """What a terminal's program wrote; nothing once it has ended."""
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""


def test_groups_share_their_columns(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    show_groups(("name", "n"), {"first": [("a", 1), ("bcdef", 20)], "second one": [("g", 3)]})
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "name         n" and [line for line in lines[2:] if line] == [
        "first", "a            1", "bcdef       20", "second one", "g            3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("recipes", "gcvvae"), {"gcvvae", "gcvvae-equations", "gcvvae-zinc"}),
        (("recipes", "LADDER", "mnist"), {"ladder-mnist", "ladder-mnist-small", "ladder-fashion_mnist"}),
        (("recipes", "Tolstikhin"), {"wae-celeba", "wae-cifar10", "wae-mnist"}),
        (("models", "molecules"), {"grae-smiles", "grae-smiles-plain", "gvae-smiles"}),
        (("datasets", "moses"), {"moses", "moses_scaffolds"}),
        (("datasets", "bioactive"), {"chembl"}),
    ],
)  # fmt: skip
def test_words_narrow_a_list(done, words, wanted):
    rows = json.loads(done(*words, "--json"))
    assert {next(iter(row.values())) for row in rows} == wanted
    first = [line.split()[0] for line in done(*words).splitlines()[2:] if line.strip()]
    assert wanted <= set(first) and sum(name in wanted for name in first) == len(wanted)


def test_every_recipe_has_its_line_under_its_data(done, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    rows = json.loads(done("recipes", "--json"))
    lines = [line.rstrip() for line in done("recipes").splitlines()[2:] if line.strip()]
    headings = [line for line in lines if line.split()[0] not in {row["recipe"] for row in rows}]
    assert len(lines) == len(rows) + len(headings) and len(headings) == len(set(headings))
    assert {"your own data", "zinc250k", "equations", "mnist", "celeba"} <= set(headings)
    under = dict.fromkeys(headings, ())
    for line in lines:
        if line in headings:
            here = line
        else:
            under[here] += (line.split()[0],)
    assert "grae" in under["your own data"] and "vae-celeba" in under["celeba"]


def test_a_list_without_a_row(cli):
    for words, message in {
        ("recipes", "grea"): "no recipe has grea in its name or about it; did you mean grae?",
        ("models", "grae", "images"): "no model has grae and images in its name or about it",
    }.items():
        code, out, err = cli(*words)
        assert code == 2 and out == "" and message in err and err.count("\n") == 1


def test_too_small_a_radius_says_so(cli):
    item = "CCOC(=O)c1ccccc1"
    code, out, err = cli("neighbours", item, "-n", 3, "--radius", 1e-3)
    assert code == 0 and out == ""
    assert err.startswith("no neighbour within a radius of 0.001") and "larger --radius" in err
    code, out, err = cli("neighbours", item, "-n", 3, "--radius", 1e-3, "--json")
    assert code == 0 and json.loads(out) == [] and "larger --radius" in err
    code, out, err = cli("neighbours", "CCO", "-n", 3, "--radius", 1e-3)
    assert err.startswith("1 of 3 neighbours within a radius of 0.001")
