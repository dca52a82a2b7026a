"""SymPy's opinion on which expressions are equal, within a time limit."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from grammar_rae.errors import DataError
from grammar_rae.evaluators.arithmetic import Program

WORKER = Path(__file__).with_name("sympy_worker.py")
START = 30.0  # seconds that SymPy may take to be imported


def confirm(
    pairs: Sequence[tuple[Program, Program]], seconds: float, each: float | None = None
) -> list[bool | None]:
    """For each pair of programs: True, SymPy proves them equal; False, it finds them different; None, in doubt.

    In doubt is what SymPy cannot tell, what takes it longer than `each` seconds (a tenth of `seconds` where
    not given), and what is left when `seconds` have passed. The work is done in a process of its own, killed when
    a pair takes too long.
    """
    verdicts: list[bool | None] = []
    end, limit = time.monotonic() + seconds, seconds / 10 if each is None else each
    while len(verdicts) < len(pairs) and time.monotonic() < end:
        with _worker() as (ask, answer):
            alive = True
            while alive and len(verdicts) < len(pairs) and time.monotonic() < end:
                ask(json.dumps(pairs[len(verdicts)]))
                found = answer(min(limit, end - time.monotonic()))
                verdicts.append(None if found is None else json.loads(found))
                alive = found is not None
    return verdicts + [None] * (len(pairs) - len(verdicts))


@contextmanager
def _worker() -> Iterator[tuple[Callable[[str], None], Callable[[float], str | None]]]:
    """A running worker: `ask(line)`, and `answer(seconds)`, the next line, None where none comes in time."""
    process = subprocess.Popen(
        [sys.executable, "-P", str(WORKER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    questions, lines = process.stdin, process.stdout
    assert questions is not None and lines is not None
    queue: SimpleQueue[str | None] = SimpleQueue()

    def listen() -> None:
        for line in lines:
            queue.put(line)
        queue.put(None)  # it has ended

    def ask(line: str) -> None:
        with suppress(BrokenPipeError):
            questions.write(line + "\n")
            questions.flush()

    def answer(seconds: float) -> str | None:
        try:
            return queue.get(timeout=max(0.0, seconds))
        except Empty:
            return None

    listener = Thread(target=listen, daemon=True)
    listener.start()
    try:
        if answer(START) is None:
            raise DataError(f"SymPy cannot be started: `{sys.executable} -c 'import sympy'` says why")
        yield ask, answer
    finally:
        process.kill()
        process.wait()
        listener.join()
        with suppress(BrokenPipeError):
            questions.close()
        lines.close()
