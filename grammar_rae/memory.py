"""How much memory is free, and what would need more refused before any is taken."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from grammar_rae.errors import DataError

GIB = 2**30


def available() -> int:
    """Bytes that this process may still take: the least of what the system, its group and its own limit leave."""
    return max(0, min(_of_system(), _of_group(), _of_process()))


def require(size: int, what: str, share: float = 1.0) -> None:
    """DataError, with both numbers, where `what` takes more bytes than that share of the free memory."""
    free = int(available() * share)
    if size > free:
        raise DataError(f"{what} would need {_gib(size)} of memory; {_gib(free)} are free")


def ran_out(error: BaseException) -> bool:
    """Whether an error says that there was no memory left, as Python or as torch does."""
    return (
        isinstance(error, MemoryError) or re.search(r"allocate memory|out of memory", str(error)) is not None
    )


def _gib(size: int) -> str:
    return f"{size / GIB:,.1f} GiB" if size < 2**60 else "more than 10⁹ GiB"


def _of_system() -> int:
    for line in _text("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return sys.maxsize
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def _of_group() -> int:
    """What the control group of a container leaves; the pages of files that it counts can be had back."""
    folder = "/sys/fs/cgroup"
    limit, used = _text(f"{folder}/memory.max").strip(), _text(f"{folder}/memory.current").strip()
    if not limit.isdigit() or not used.isdigit():
        return sys.maxsize
    stated = (line.split() for line in _text(f"{folder}/memory.stat").splitlines())
    cached = sum(int(value) for name, value in stated if name in ("inactive_file", "active_file"))
    return int(limit) - int(used) + cached


def _of_process() -> int:
    """What `ulimit -v` leaves of addresses."""
    if sys.platform == "win32":
        return sys.maxsize
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    pages = _text("/proc/self/statm").split()
    if limit == resource.RLIM_INFINITY or not pages:
        return sys.maxsize
    return limit - int(pages[0]) * os.sysconf("SC_PAGE_SIZE")


def _text(path: str) -> str:
    """A file of the kernel's; empty where there is none."""
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
