"""One process at a time works in a folder; the next hears who it is, and cleans up after those that were killed."""

import os
import shutil
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from grammar_rae.errors import DataError
from grammar_rae.files.atomic import replace
from grammar_rae.files.claims import IN_USE, occupied, unfinished
from grammar_rae.files.pictures import write_images

WORKER = """
import sys, time
from pathlib import Path
from grammar_rae.files.claims import occupied
with occupied(Path(sys.argv[1])):
    Path(sys.argv[1], "work").write_text("")
    print("at work", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def worker(tmp_path):
    """A process that works in tmp_path / run."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, tmp_path / "run"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "at work\n"
    yield process
    process.kill()
    process.wait()


def test_the_second_process_hears_who_is_there(worker, tmp_path):
    said = rf"run: in use by process {worker.pid} on .* since \d{{4}}-"
    with pytest.raises(DataError, match=said), occupied(tmp_path / "run"):
        raise AssertionError
    with pytest.raises(DataError, match=said):
        write_images(np.zeros((3, 4, 4, 1), np.uint8), tmp_path / "run")
    assert (tmp_path / "run" / IN_USE).exists()


def test_a_killed_process_holds_nothing_and_leaves_nothing(worker, tmp_path):
    unfinished(tmp_path / "run" / "half").write_text("half")
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    with occupied(tmp_path / "run"):
        assert {path.name for path in (tmp_path / "run").iterdir()} == {"work", IN_USE}
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"work"}


def test_a_thread_is_refused_too(tmp_path):
    refused = []

    def enter():
        try:
            with occupied(tmp_path):
                pass
        except DataError as error:
            refused.append(str(error))

    with occupied(tmp_path):
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
    assert len(refused) == 1 and f"process {os.getpid()}" in refused[0]
    enter()
    assert len(refused) == 1


def test_a_worker_that_outlives_its_parent_keeps_nothing_in_use(tmp_path):
    with occupied(tmp_path):
        child = os.fork()
        if not child:
            signal.pause()
            os._exit(0)
    try:
        with occupied(tmp_path):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_folder_made_for_nothing_is_removed_again(tmp_path):
    with pytest.raises(ZeroDivisionError), occupied(tmp_path / "a" / "b"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(DataError, match="cannot be written .Not a directory"),
        occupied(tmp_path / "file" / "r"),
    ):
        pass


def test_a_folder_that_was_removed_takes_no_more_files(tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(DataError, match="run: removed by somebody while it was in use here; give the com"), \
         occupied(folder):  # fmt: skip
        replace(folder / "first", "1")
        shutil.rmtree(folder)
        for path in (folder / "second", folder / "codec" / "second"):
            with pytest.raises(DataError, match="removed by somebody"):
                replace(path, "2")
        assert not (folder / "second").exists()
    replace(folder / "third", "3")


def test_a_folder_that_was_removed_is_told_of_at_the_end(tmp_path):
    for again in (False, True):
        with pytest.raises(DataError, match="removed by somebody"), occupied(tmp_path / "run"):
            shutil.rmtree(tmp_path / "run")
            if again:
                (tmp_path / "run").mkdir()


def test_pictures_whose_folder_is_removed_are_no_success(tmp_path, monkeypatch):
    def removing(self, target):
        shutil.rmtree(tmp_path / "pictures")

    monkeypatch.setattr("pathlib.Path.replace", removing)
    with pytest.raises(DataError, match="pictures: (removed by somebody|cannot be written)"):
        write_images(np.zeros((3, 4, 4, 1), np.uint8), tmp_path / "pictures")


def test_a_claim_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(DataError, match="run: cannot be written .No space left on device."), \
         occupied(tmp_path / "run"):  # fmt: skip
        raise AssertionError
    assert list(tmp_path.iterdir()) == []
