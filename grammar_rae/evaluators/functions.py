"""A user's own function as a score, run in worker processes with a time limit.

Whatever it does (hang, crash, raise, return no number) costs the strings it was given and nothing else: they have no
value but a reason, and a worker that was lost is replaced.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Timer
from typing import Any

import numpy as np

from grammar_rae.errors import DataError
from grammar_rae.parallel import cores

WORKER = Path(__file__).with_name("function_worker.py")
LOADING = 300.0  # seconds that importing the user's module may take
Answers = list[tuple[float, str]]  # a value and "", or NaN and the reason


class Workers:
    """`module:function` ready to be called; its processes end with the object, or with the program.

    The function takes one string and returns a number, or with `batch` a list of strings and as many numbers. It may
    take `seconds` a string. Single strings are shared out over `count` processes, as many as there are cores where
    None; each starts when there is work for it. DataError where the function cannot be had.
    """

    def __init__(
        self, function: str, seconds: float = 60.0, batch: bool = False, count: int | None = None
    ) -> None:
        self.batch, self.interrupted = batch, False
        self.workers = [_Worker(function, seconds, batch) for _ in range(1 if batch else count or cores())]
        self.idle: SimpleQueue[_Worker] = SimpleQueue()
        for worker in self.workers:
            self.idle.put(worker)
        self.end = weakref.finalize(self, _end, self.workers)
        problem = self.workers[0].start()
        if problem is not None:
            raise DataError(f"{function}: {problem}")

    def __call__(self, strings: Sequence[str]) -> tuple[np.ndarray, dict[int, str]]:
        """Values (n,), NaN where there is none, and the reasons for those by place."""
        asked = [list(strings)] if self.batch and strings else [[text] for text in strings]
        self.interrupted = False
        with ThreadPoolExecutor(len(self.workers)) as pool:
            try:
                found = [pair for part in pool.map(self._ask, asked) for pair in part]
            except BaseException:  # nobody waits for the answers any more
                self.interrupted = True
                pool.shutdown(wait=False, cancel_futures=True)
                _end(self.workers)
                raise
        values = np.array([value for value, _ in found], float)
        return values, {place: reason for place, (_, reason) in enumerate(found) if reason}

    def _ask(self, strings: list[str]) -> Answers:
        """The answers to one call. Where one with several strings fails, each is asked for alone."""
        worker = self.idle.get()
        try:
            answer = worker.ask(strings)
        finally:
            self.idle.put(worker)
        if "values" in answer:
            return [_checked(value) for value in answer["values"]]
        if len(strings) > 1 and not self.interrupted:
            return [pair for text in strings for pair in self._ask([text])]
        return [(math.nan, answer["error"])] * len(strings)


class _Worker:
    """One process, started when it is needed and started again after it was lost."""

    def __init__(self, function: str, seconds: float, batch: bool) -> None:
        self.seconds = seconds
        self.wanted = {"function": function, "seconds": seconds, "batch": batch}
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> str | None:
        """Start the process and import the function; why that cannot be done."""
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        path = [os.getcwd(), *(place for place in sys.path if place)]
        found = self._exchange(self.process, {"path": path, **self.wanted}, LOADING)
        if "ready" in found:
            return None
        self.close()
        return str(found["error"])

    def ask(self, strings: list[str]) -> dict[str, Any]:
        """{values: one a string} or {error: why there are none}."""
        problem = self.start() if self.process is None else None
        if problem is not None or self.process is None:
            return {"error": problem}
        return self._exchange(self.process, strings, self.seconds * len(strings))

    def _exchange(self, process: subprocess.Popen[str], message: Any, seconds: float) -> dict[str, Any]:
        """The answer to a message. Where none comes in time the process is killed and the answer an error."""
        assert process.stdin is not None and process.stdout is not None
        late: list[float] = []

        def stop() -> None:
            late.append(seconds)
            _kill(process)

        timer = Timer(seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            with suppress(BrokenPipeError):
                print(json.dumps(message), file=process.stdin, flush=True)
            line = process.stdout.readline()
        finally:
            timer.cancel()
            timer.join()
        if line.endswith("\n") and not late:
            found: dict[str, Any] = json.loads(line)
            return found
        self.close()
        code = process.returncode
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return {"error": f"no answer within {seconds:g} s" if late else f"crashed ({how})"}

    def close(self) -> None:
        """End the process and whatever it has started."""
        process, self.process = self.process, None
        if process is None:
            return
        _kill(process)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill a process and its children, if it was not waited for before."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
    process.wait()


def _checked(value: float) -> tuple[float, str]:
    return (value, "") if math.isfinite(value) else (math.nan, f"returned {value}")


def _end(workers: list[_Worker]) -> None:
    for worker in workers:
        worker.close()
