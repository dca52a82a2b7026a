"""Reading and writing: every suffix both ways, every bad file one clear line, nothing half written."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grammar_rae.errors import DataError
from grammar_rae.files import tables

SMILES = ["CCO", "c1ccccc1", "C[C@@H](N)C(=O)O"]


@pytest.mark.parametrize("name", ["a.smi", "a.txt", "a.csv", "a.parquet", "a.smi.gz", "a.txt.gz", "a.csv.gz"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    tables.write(tmp_path / name, pd.DataFrame({"smiles": SMILES, "score": [1.0, 2.0, 3.0]}))
    found = tables.read(tmp_path / name)
    assert found.values == SMILES and not found.rejected and len(found) == 3
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a.sdf", "a.sdf.gz"])
def test_sd_files_hold_the_molecules(tmp_path: Path, name: str) -> None:
    tables.write(tmp_path / name, pd.DataFrame({"smiles": SMILES, "score": [1.0, 2.0, 3.0]}))
    assert tables.read(tmp_path / name).values == SMILES


def test_bad_record_of_an_sd_file_is_kept_with_its_line(tmp_path: Path) -> None:
    tables.write(tmp_path / "a.sdf", SMILES[:1])
    good = (tmp_path / "a.sdf").read_text()
    (tmp_path / "b.sdf").write_text(good + "nonsense\n\n\nnot a count line\n$$$$\n" + good)
    found = tables.read(tmp_path / "b.sdf")
    assert found.values == ["CCO", "CCO"]
    assert [(r.line, r.text) for r in found.rejected] == [(good.count("\n") + 1, "nonsense")]


def test_lines_are_counted_and_blank_ones_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.smi").write_text("CCO ethanol\r\n\r\n  C\tmethane\n")
    found = tables.read(tmp_path / "a.smi")
    assert found.values == ["CCO", "C"] and found.lines == [1, 3]


def test_text_lines_keep_their_blanks(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x + 1\n")
    assert tables.read(tmp_path / "a.txt").values == ["x + 1"]


def test_csv_column_is_found_or_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,SMILES,name\n1,CCO,"a, b"\n2,,none\n3,C,"two\nlines"\n4,CC,x\n')
    found = tables.read(path)
    assert found.values == ["CCO", "C", "CC"] and found.lines == [2, 5, 6]
    assert [r.line for r in found.rejected] == [3]
    assert tables.read(path, "name").values[0] == "a, b"
    with pytest.raises(DataError, match=r"no column 'score'; there are id, SMILES, name"):
        tables.read(path, "score")
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"which column"):
        tables.read(path)


def test_standard_streams(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("CCO\nC\n"))
    assert tables.read("-").values == ["CCO", "C"]
    tables.write("-", ["CCO", "C"])
    assert capsys.readouterr().out == "CCO\nC\n"


def test_rejects_file(tmp_path: Path) -> None:
    tables.write_rejects(tmp_path / "r.csv", [tables.Reject(7, "C(,", "unbalanced brackets")])
    assert (tmp_path / "r.csv").read_text() == 'line,text,reason\n7,"C(,",unbalanced brackets\n'
    tables.write_rejects(tmp_path / "r.csv", [])
    assert len(pd.read_csv(tmp_path / "r.csv")) == 0  # those of a former command are none of this one
    tables.write_rejects(tmp_path / "none.csv", [])
    assert not (tmp_path / "none.csv").exists()


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("a.smi", b"", "empty"),
        ("a.txt", b"\n \n", "empty"),
        ("a.csv", b"", "empty"),
        ("a.csv", b"smiles\n", "empty"),
        ("a.smi", b"C\0C\n", "binary file"),
        ("a.txt", b"\x89PNG\r\n\xff\xfe", "binary file"),
        ("a.csv", b"PK\x03\x04workbook", "binary file, a zip archive or Excel file"),
        ("a.csv", b"\x89PNG\r\n\xff\xfe", "binary file"),
        ("a.smi.gz", b"CCO\n", "not a whole gzip file"),
        ("a.smi.gz", gzip.compress(b"CCO\n" * 9999, mtime=0)[:40], "not a whole gzip file"),
        ("a.parquet", b"CCO\n", "not a Parquet file"),
        ("a.docx", b"CCO\n", "cannot tell the kind"),
        ("a.parquet.gz", b"", "cannot tell the kind"),
    ],
)
def test_bad_files(tmp_path: Path, name: str, body: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(body)
    with pytest.raises(DataError, match=message) as caught:
        tables.read(tmp_path / name)
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for name in ("a.smi", "a.npz", "a.png", "a", "b/"):
        with pytest.raises(DataError, match=f"{name.strip('/')}: no such file$"):
            tables.read(tmp_path / name)
    for name in ("a.npz", "a.png"):
        (tmp_path / name).touch()
        with pytest.raises(DataError, match="a file of images or arrays cannot be read as strings; expected"):
            tables.read(tmp_path / name)
    with pytest.raises(DataError, match="cannot be written"):
        tables.write(tmp_path / "no" / "a.smi", SMILES)
    with pytest.raises(DataError, match="cannot be read"):
        tables.read(_folder(tmp_path / "b.smi"))


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.smi"
    tables.write(target, ["C"])

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DataError, match="No space left"):
        tables.write(target, SMILES)
    assert target.read_text() == "C\n" and os.listdir(tmp_path) == ["a.smi"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_full_device() -> None:
    with pytest.raises(DataError, match="cannot be written"):
        tables.write("/dev/full/a.smi", SMILES)


def test_sd_file_of_what_is_no_molecule_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"row 2: 'C\('"):
        tables.write(tmp_path / "a.sdf", ["C", "C("])
    assert not list(tmp_path.iterdir())


def test_a_string_that_a_file_would_not_keep_is_refused(tmp_path: Path) -> None:
    for name, text in (("a.smi", ""), ("a.smi", "C C"), ("a.smi", " C"), ("a.txt", "a\nb"), ("a.txt", "a\r")):
        with pytest.raises(DataError, match="string 2, .*; write .csv"):
            tables.write(tmp_path / name, ["C", text])
    assert not list(tmp_path.iterdir())


def test_text_in_any_encoding_is_read(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "latin-1"):
        (tmp_path / "a.csv").write_bytes("id;smiles;note\n1;CCO;café\n".encode(encoding))
        assert tables.read(tmp_path / "a.csv").values == ["CCO"]


def test_a_line_too_long_to_be_an_item_is_a_reject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grammar_rae.files.lines.LONGEST", 50)
    for name, header in (("a.smi", ""), ("a.txt", ""), ("a.csv", "smiles,note\n")):
        (tmp_path / name).write_text(header + "CCO\n" + "C" * 220 + "\nCCN\n")
        found = tables.read(tmp_path / name)
        assert found.values == ["CCO", "CCN"] and len(found.rejected) == 1
        assert found.rejected[0].line == 2 + bool(header)


TEXT = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(TEXT, min_size=1, max_size=20), st.sampled_from([".smi", ".txt", ".csv", ".smi.gz", ".parquet"])
)
def test_any_strings_survive(
    tmp_path_factory: pytest.TempPathFactory, values: list[str], suffix: str
) -> None:
    path = tmp_path_factory.mktemp("any") / f"a{suffix}"
    tables.write(path, values)
    assert tables.read(path).values == values
