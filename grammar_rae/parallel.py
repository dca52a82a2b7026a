"""Spread a pure function over the machine's cores.

RDKit keeps Python's lock while it works, so threads do not help; processes do. Workers are forked, which
needs no guard in the caller's script; where forking is not safe (anything but Linux) the work runs in line.
Workers leave Ctrl-C to the caller and end with it. DataError where one is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from typing import TypeVar

from grammar_rae.errors import DataError

T = TypeVar("T")

CHUNK = 500
WORKER = "grammar_rae worker"
DIE_WITH_PARENT = 1  # Linux's PR_SET_PDEATHSIG


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(
    function: Callable[[Sequence[str]], list[T]], items: Sequence[str], threshold: int = 2000
) -> list[T]:
    """`function(items)`, computed chunk by chunk over all cores when there are `threshold` items or more.

    `function` maps a list to a list of the same length, item by item, and lives at a module's top level.
    """
    workers = min(cores(), -(-len(items) // CHUNK))
    if len(items) < threshold or workers < 2 or not _forkable():
        return function(items)
    chunks = [items[i : i + CHUNK] for i in range(0, len(items), CHUNK)]
    with _pool(workers) as pool:
        return [result for chunk in pool.map(function, chunks) for result in chunk]


def overlapped(function: Callable[[Sequence[str]], list[T]], parts: Iterable[list[str]]) -> Iterator[list[T]]:
    """`function` of each part, in order, in worker processes while the caller's iterator makes the next parts."""
    queue = iter(parts)
    head = list(islice(queue, 2))
    if len(head) < 2 or not _forkable():
        yield from map(function, chain(head, queue))
        return
    with _pool(cores()) as pool:
        waiting: deque[Future[list[T]]] = deque()
        for part in chain(head, queue):
            waiting.append(pool.submit(function, part))
            while len(waiting) > 2 * cores() or (waiting and waiting[0].done()):
                yield waiting.popleft().result()
        for result in waiting:
            yield result.result()


def _forkable() -> bool:
    process = multiprocessing.current_process()
    return sys.platform == "linux" and not process.daemon and process.name != WORKER


@contextlib.contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that are gone when the block ends, what they were still to do left undone."""
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), _begin)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*multi-threaded.*fork", category=DeprecationWarning)
            pool.submit(cores)  # all of them are forked at the first call
        yield pool
    except BrokenProcessPool as error:
        raise DataError(
            f"one of {workers} worker processes was killed, as the system does where memory runs out; make room, or "
            "take fewer cores: taskset -c 0 grammar-rae …"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """A worker by name, which is killed when the process that forked it is, and does not hear Ctrl-C."""
    multiprocessing.current_process().name = WORKER
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
