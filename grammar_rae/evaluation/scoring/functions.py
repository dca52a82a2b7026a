"""A user's own function as a score, run in worker processes with a time limit.

Whatever it does (hang, crash, raise, return no number, take all memory, kill its parent) costs the strings it was given
and nothing else: they have no value but a reason, and a worker that was lost is replaced. Only a function that looks
for this program among all processes can harm it.
"""

from __future__ import annotations

import math
import os
import sys
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import numpy as np

from grammar_rae.errors import DataError
from grammar_rae.evaluation.workers import Worker, WorkerError
from grammar_rae.memory import available
from grammar_rae.parallel import cores

SCRIPT = Path(__file__).with_name("function_worker.py")
LOADING = 30.0  # seconds that importing the user's module may take, more where a string may
LEAST = 1 << 30  # bytes that a process may have, however many there are
Answers = list[tuple[float, str]]  # a value and "", or NaN and the reason


class UserFunction:
    """`module:function` ready to be called; its processes end with the object, or with the program.

    The function takes one string and returns a number, or with `batch` a list of strings and as many numbers. It may
    take `seconds` a string. Single strings are shared out over `count` processes, as many as there are cores where
    None; each starts when there is work for it, and shares the machine's free memory with the others. DataError where
    the function cannot be had.
    """

    def __init__(
        self, function: str, seconds: float = 60.0, batch: bool = False, count: int | None = None
    ) -> None:
        self.seconds, self.batch, self.interrupted = seconds, batch, False
        path = [os.getcwd(), *(folder for folder in sys.path if folder)]
        number, loading = 1 if batch else count or cores(), max(LOADING, seconds)
        setup = {"path": path, "function": function, "seconds": seconds, "batch": batch}
        setup |= {"loading": loading, "memory": max(LEAST, available() // number)}
        self.workers = [Worker(SCRIPT, setup, loading) for _ in range(number)]
        self.idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in self.workers:
            self.idle.put(worker)
        self.end = weakref.finalize(self, _end, self.workers)
        try:
            self.workers[0].start()
        except WorkerError as error:
            raise DataError(f"{function}: {error}") from None

    def __call__(self, strings: Sequence[str]) -> tuple[np.ndarray, dict[int, str]]:
        """Values (n,), NaN where there is none, and the reasons for those by place."""
        calls = [list(strings)] if self.batch and strings else [[text] for text in strings]
        self.interrupted = False
        with ThreadPoolExecutor(len(self.workers)) as pool:
            try:
                answers = [pair for part in pool.map(self._call, calls) for pair in part]
            except BaseException:  # nobody waits for the answers any more
                self.interrupted = True
                pool.shutdown(wait=False, cancel_futures=True)
                _end(self.workers)
                raise
        values = np.array([value for value, _ in answers], float)
        return values, {place: reason for place, (_, reason) in enumerate(answers) if reason}

    def _call(self, strings: list[str]) -> Answers:
        """The answers to one call. Where one with several strings fails, each is asked for alone."""
        worker = self.idle.get()
        try:
            answer = worker.ask(strings, self.seconds * len(strings))
            if answer.get("error", "").startswith("MemoryError"):
                worker.close()  # what filled its memory may still be there
        except WorkerError as error:
            answer = {"error": str(error)}
        finally:
            self.idle.put(worker)
        if "values" in answer:
            return [_checked(value) for value in answer["values"]]
        if len(strings) > 1 and not self.interrupted:
            return [pair for text in strings for pair in self._call([text])]
        return [(math.nan, answer["error"])] * len(strings)


def _checked(value: float) -> tuple[float, str]:
    return (value, "") if math.isfinite(value) else (math.nan, f"returned {value}")


def _end(workers: list[Worker]) -> None:
    for worker in workers:
        worker.close()
