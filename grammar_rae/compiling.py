"""Numba's compiler. What it makes is kept for the next process, where there is a place to keep it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function when it is first called, to run without Python's lock; `options` as those of `njit`."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            made: Callable[..., Any] = njit(cache=True, nogil=True, **options)(function)
        except RuntimeError:  # neither the package's folder nor the user's cache can be written
            made = njit(nogil=True, **options)(function)
        return made

    return decorate
