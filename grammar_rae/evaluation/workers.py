"""A Python script run as a process of its own, asked in lines of JSON and killed where an answer is late.

The first line that the script reads sets it up, and is answered as soon as it is ready for questions; every other line
is a question, answered by one line. An answer {"error": why} to the first says that the script cannot be used.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import Any

MOMENT = 2.0  # seconds


class WorkerError(Exception):
    """There is no answer; the message says why: the worker did not start, was too slow, or crashed."""


class Worker:
    """One process, started when it is first asked and started again after it was lost.

    `setup`: its first line, as JSON; the script may take `loading` seconds to answer it. A `silent` one prints nothing
    on standard error.
    """

    def __init__(self, script: Path, setup: Any, loading: float, silent: bool = False) -> None:
        self.script, self.setup, self.loading, self.silent = script, setup, loading, silent
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start and set up the process unless it runs. WorkerError where that cannot be done."""
        if self.process is not None:
            return
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(self.script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if self.silent else None,
            encoding="utf-8",
            start_new_session=True,
        )
        try:
            answer = self._exchange(self.process, self.setup, self.loading)
        except WorkerError as error:
            raise WorkerError(f"cannot be started: {error}") from None
        if "error" in answer:
            self.close()
            raise WorkerError(answer["error"])

    def ask(self, question: Any, seconds: float) -> Any:
        """The answer. WorkerError, and the process is gone, where none comes within so many seconds."""
        self.start()
        assert self.process is not None
        return self._exchange(self.process, question, seconds)

    def _exchange(self, process: subprocess.Popen[str], message: Any, seconds: float) -> Any:
        assert process.stdin is not None and process.stdout is not None
        late: list[float] = []

        def stop() -> None:
            """Kill the process that is late, and remember that it was."""
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
            with suppress(ValueError):  # a user's code may have written there
                return json.loads(line)
        if not late:
            _let_end(process)
        self.close()
        code = process.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        raise WorkerError(f"no answer within {seconds:g} s" if late else f"crashed ({how})")

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


def _let_end(process: subprocess.Popen[str]) -> None:
    """Give a process that has stopped to answer a moment to end by itself, so that its exit code says why."""
    if not hasattr(os, "waitid"):
        return
    end = time.monotonic() + MOMENT
    with suppress(ChildProcessError):
        while time.monotonic() < end:
            if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                return
            time.sleep(0.005)


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill a process and its children, if it was not waited for before."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
    process.wait()
