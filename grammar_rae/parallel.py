"""Spread a pure function over the machine's cores.

RDKit keeps Python's lock while it works, so threads do not help; processes do. Workers are forked, which
needs no guard in the caller's script; where forking is not safe (anything but Linux) the work runs in line.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, TypeVar

T = TypeVar("T")

CHUNK = 500


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
        return [result for chunk in pool.imap(function, chunks) for result in chunk]


def overlapped(function: Callable[[Sequence[str]], list[T]], parts: Iterable[list[str]]) -> Iterator[list[T]]:
    """`function` of each part, in order, in worker processes while the caller's iterator makes the next parts."""
    queue = iter(parts)
    head = list(islice(queue, 2))
    if len(head) < 2 or not _forkable():
        yield from map(function, chain(head, queue))
        return
    with _pool(cores()) as pool:
        waiting: deque[Any] = deque()
        for part in chain(head, queue):
            waiting.append(pool.apply_async(function, (part,)))
            while len(waiting) > 2 * cores() or (waiting and waiting[0].ready()):
                yield waiting.popleft().get()
        for result in waiting:
            yield result.get()


def _forkable() -> bool:
    return sys.platform == "linux" and not multiprocessing.current_process().daemon


def _pool(workers: int) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*multi-threaded.*fork", category=DeprecationWarning)
        return multiprocessing.get_context("fork").Pool(workers)
