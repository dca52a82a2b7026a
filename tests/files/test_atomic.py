"""Files and folders are written whole or not at all."""

import os
import threading

import numpy as np
import pytest

from grammar_rae.errors import DataError
from grammar_rae.files.atomic import new_folder, write_bytes
from grammar_rae.files.claims import held, unfinished
from grammar_rae.files.pictures import png, write_images


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


def test_what_a_killed_writer_left_is_swept_by_the_next_one(tmp_path):
    for name in ("a.bin", "b.bin", "a name of " + "very " * 40 + "many words"):
        unfinished(tmp_path / name).write_bytes(b"half")
    (tmp_path / ".a.bin.4711").write_bytes(b"somebody else's")
    write_bytes(tmp_path / "a.bin", b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {"a.bin", ".a.bin.4711"}


def test_two_writers_of_one_file_take_turns(tmp_path):
    path = tmp_path / "a.bin"
    with held(unfinished(path)):
        other = threading.Thread(target=write_bytes, args=(path, b"second"))
        other.start()
        other.join(0.2)
        assert other.is_alive() and not path.exists()
        unfinished(path).write_bytes(b"first")
        unfinished(path).replace(path)
    other.join()
    assert path.read_bytes() == b"second" and list(tmp_path.iterdir()) == [path]


def test_a_file_of_the_longest_name_is_written(tmp_path):
    path = tmp_path / ("ä" * 127)
    write_bytes(path, b"whole")
    assert path.read_bytes() == b"whole"


def test_a_link_stays_a_link_and_a_pipe_a_pipe(tmp_path):
    (tmp_path / "to").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "to" / "a.bin")
    write_bytes(tmp_path / "link", b"whole")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "to" / "a.bin").read_bytes() == b"whole"
    os.mkfifo(tmp_path / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_bytes(tmp_path / "pipe", b"through")
    reader.join()
    assert read == [b"through"] and (tmp_path / "pipe").is_fifo()


def test_a_folder_is_made_whole_or_not_at_all(tmp_path):
    path = tmp_path / "in" / "folder"
    with pytest.raises(KeyboardInterrupt), new_folder(path) as fresh:
        (fresh / "a").write_text("first")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    unfinished(path).mkdir(parents=True)
    (unfinished(path) / "b").write_text("of a killed process")
    with new_folder(path) as fresh:
        (fresh / "a").write_text("second")
        with pytest.raises(DataError, match="in use by process"), new_folder(path):
            pass
    assert list(path.parent.iterdir()) == [path] and list(path.iterdir()) == [path / "a"]


def test_pictures_take_the_place_of_others_when_all_are_written(tmp_path, monkeypatch):
    grey = np.arange(11, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 1), np.uint8)
    write_images(grey, tmp_path)
    (tmp_path / "mine.txt").write_text("stays")

    def pictures():
        return [path.read_bytes() for path in sorted(tmp_path.glob("*.png"))]

    made = iter([b"new"] * 5)
    monkeypatch.setattr("grammar_rae.files.pictures.png", lambda image: next(made, None) or _no_room())
    with pytest.raises(OSError, match="no room"):
        write_images(grey + 100, tmp_path)
    assert pictures() == [png(image) for image in grey] and len(list(tmp_path.iterdir())) == 12
    monkeypatch.undo()
    write_images(grey + 100, tmp_path)
    assert pictures() == [png(image) for image in grey + 100] and len(list(tmp_path.iterdir())) == 12
    with pytest.warns(UserWarning, match="11 more pictures are there than were written now"):
        write_images(grey[:3], tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "stays"
