"""Work spread over processes: what happens where one of them, or the one that forked them, is killed."""

import os
import signal
import subprocess
import sys
import time

import pytest

from grammar_rae import parallel
from grammar_rae.errors import DataError
from grammar_rae.evaluation.molecules import metrics

PROGRAM = """
import os, sys, time
from grammar_rae import parallel

def slow(items):
    os.write(1, f"{os.getpid()}\\n".encode())  # a line as one: two workers write
    time.sleep(3 if "quick" in sys.argv else 600)
    return list(items)

parallel.cores = lambda: 2
parallel.spread(slow, ["a"] * 1000, threshold=0)
"""
KILLED = "one of 2 worker processes was killed, as the system does where memory runs out; make room"


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 2)


def killed_at_last(items):
    """What the kernel does to the largest process where memory runs out."""
    if "last" in items:
        os.kill(os.getpid(), signal.SIGKILL)
    return list(items)


def test_a_worker_that_is_killed_is_one_line_and_no_hang():
    with pytest.raises(DataError, match=KILLED):
        parallel.spread(killed_at_last, [*"a" * 1500, "last"], threshold=0)
    parts = parallel.overlapped(killed_at_last, ([name] for name in ("first", "second", "last", "more")))
    with pytest.raises(DataError, match=KILLED):
        list(parts)
    assert parallel.spread(killed_at_last, ["a"] * 1500, threshold=0) == ["a"] * 1500


def test_a_command_whose_worker_is_killed_ends_with_one_line(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(metrics, "_canonical_or_problem", killed_at_last)
    chains = [f"{'C' * (i % 60)}{'O' * (1 + i // 60)}" for i in range(2500)]
    (tmp_path / "a.smi").write_text("".join(f"{text}\n" for text in [*chains, "last"]))
    code, out, err = cli("evaluate", tmp_path / "a.smi", "--json")
    assert (code, out) == (2, "") and err.startswith(f"grammar-rae: {KILLED}") and len(err.splitlines()) == 1


def begun(*words):
    """A process in a group of its own that spreads work over two workers, and their numbers."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    return process, [int(process.stdout.readline()) for _ in range(2)]


def runs(number):
    try:
        with open(f"/proc/{number}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
def test_workers_end_in_silence_with_the_process_that_forked_them():
    process, workers = begun()
    process.kill()
    assert process.stderr.read() == ""
    while any(map(runs, workers)):
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
def test_ctrl_c_is_for_the_caller_alone():
    process, workers = begun("quick")
    os.killpg(process.pid, signal.SIGINT)
    said = process.stderr.read()
    assert process.wait() == -signal.SIGINT
    assert said.count("KeyboardInterrupt") == 1 and "Process " not in said
    assert not any(map(runs, workers))


def test_a_worker_spreads_nothing_further():
    assert parallel.spread(spreading, ["a"] * 1000, threshold=0) == ["a"] * 1000


def spreading(items):
    numbers = set(parallel.spread(numbered, items, threshold=0))
    return list(items) if numbers == {os.getpid()} else ["elsewhere"] * len(items)


def numbered(items):
    return [os.getpid()] * len(items)
