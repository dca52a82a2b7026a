"""What the C library does with memory that is freed."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # parameters of glibc's mallopt
KEPT, LEAST = 1 << 30, 1 << 25  # bytes; the second is the most that older versions take for arrays


@cache
def keep_freed() -> None:
    """Let freed memory stay with this process, up to a gigabyte.

    Every training step allocates and frees the same large arrays. By default glibc hands them back to the kernel,
    which clears the pages when they come again: a quarter of the time of a small image model. Other C libraries
    are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(TRIM_THRESHOLD, KEPT)
        _ = mallopt(MMAP_THRESHOLD, KEPT) or mallopt(MMAP_THRESHOLD, LEAST)
