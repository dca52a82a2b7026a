"""Files and folders are written whole or not at all."""

import pytest

from grammar_rae.errors import DataError
from grammar_rae.files.atomic import latest_folder, new_folder, write_bytes


def test_a_file_is_replaced_or_left(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    write_bytes(path, b"first")
    write_bytes(path, b"second")
    assert path.read_bytes() == b"second" and list(tmp_path.iterdir()) == [path]
    monkeypatch.setattr("pathlib.Path.replace", _no_room)
    with pytest.raises(DataError, match="a.bin: cannot be written .no room"):
        write_bytes(path, b"third")
    assert path.read_bytes() == b"second" and list(tmp_path.iterdir()) == [path]


def _no_room(*_):
    raise OSError(28, "no room")


def test_a_folder_is_replaced_or_left(tmp_path):
    path = tmp_path / "in" / "folder"
    assert latest_folder(path) is None
    for content in ("first", "second"):
        with new_folder(path) as fresh:
            (fresh / "a").write_text(content)
    with pytest.raises(KeyboardInterrupt), new_folder(path) as fresh:
        (fresh / "a").write_text("third")
        raise KeyboardInterrupt
    assert (latest_folder(path) / "a").read_text() == "second"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_survives_a_kill_between_its_two_renames(tmp_path, monkeypatch):
    path = tmp_path / "folder"
    with new_folder(path) as fresh:
        (fresh / "a").write_text("first")
    rename = type(path).rename

    def killed(place, target):
        if target == path:
            raise SystemExit("killed")
        return rename(place, target)

    monkeypatch.setattr("pathlib.Path.rename", killed)
    with pytest.raises(SystemExit), new_folder(path) as fresh:
        (fresh / "a").write_text("second")
    monkeypatch.undo()
    assert not path.exists() and (latest_folder(path) / "a").read_text() == "first"
    with new_folder(path) as fresh:
        (fresh / "a").write_text("third")
    assert (latest_folder(path) / "a").read_text() == "third" and list(tmp_path.iterdir()) == [path]
