"""The standard streams of a command: closed ones, those that cannot show every character, and full ones."""

from __future__ import annotations

import io
import os
import sys


def prepare() -> None:
    """Let what is closed lead nowhere, so that no file that is opened later takes its place, and let what a terminal
    cannot show be a question mark. Standard input that is closed stays None.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(number, True)
            if name != "stdin":
                setattr(sys, name, open(number, "w", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def flush() -> None:
    """Write out what was printed. OSError where that cannot be, and nothing is left to be written at the end."""
    try:
        sys.stdout.flush()
    except OSError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        raise
