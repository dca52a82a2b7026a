"""Runs one command of `kills.py` in a forked process, to which an accident happens on the way.

Python announces every file operation to audit hooks before it is done: there the accident takes place. Operations in
the command's working directory count; those that only read do not.
"""

from __future__ import annotations

import ctypes
import io
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from same_bytes_worker import execute

CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink")
FREES = ("os.remove", "os.rmdir")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
PATIENCE = 900  # seconds; where a machine does much else at a time, a minute of work takes many


@dataclass(frozen=True)
class Accident:
    """What happens: at a file operation (from 1), whose name it hears, after so many seconds, or from the beginning."""

    happens: Callable[[str], None] | None = None
    at: int = 0
    after: float = 0.0
    before: Callable[[], None] | None = None
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """Exit code (negative: the signal that ended it), what was printed, how long it took, and its operations."""

    code: int
    out: str
    err: str
    seconds: float
    operations: int

    @property
    def tidy(self) -> bool:
        """Whether it went well, or ended with one line that says why not; Ctrl-C needs no line."""
        lines = [line for line in self.err.splitlines() if line.startswith("grammar-rae: ")]
        told = self.code == 0 or self.code == 130 or (self.code == 2 and len(lines) >= 1)
        return told and "Traceback" not in self.err and "Exception ignored" not in self.err


def run(words: list[str], folder: Path, notes: Path, accident: Accident) -> Outcome:
    """The command in `folder`; what it prints goes to files in `notes`."""
    notes.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    child = start(words, folder, notes, accident)
    status = os.waitpid(child, 0)[1]
    return outcome(os.waitstatus_to_exitcode(status), notes, time.monotonic() - begun)


def outcome(code: int, notes: Path, seconds: float) -> Outcome:
    """What a process left in its notes."""
    out, err = ((notes / name).read_text("utf-8", "replace") for name in ("out", "err"))
    return Outcome(code, out, err, seconds, (notes / "operations").stat().st_size)


def start(words: list[str], folder: Path, notes: Path, accident: Accident) -> int:
    """The number of a process that runs the command."""
    for name in ("out", "err", "operations"):
        (notes / name).write_bytes(b"")
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        _set_up(folder, notes, accident)
        code = execute(words)
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not stream.closed:
                stream.flush()
    finally:
        os._exit(code)


def _set_up(folder: Path, notes: Path, accident: Accident) -> None:
    os.chdir(folder)
    os.environ.update(accident.environment)
    os.environ["PYTHONPATH"] = f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    for descriptor, name in enumerate((os.devnull, notes / "out", notes / "err")):
        flags = os.O_WRONLY | os.O_APPEND if descriptor else os.O_RDONLY
        os.dup2(os.open(name, flags), descriptor)
    encoding = accident.environment.get("PYTHONIOENCODING", "utf-8")
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        setattr(sys, name, io.TextIOWrapper(os.fdopen(descriptor, "wb", 0), encoding, write_through=True))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    count = os.open(notes / "operations", os.O_WRONLY | os.O_APPEND)
    sys.addaudithook(_hook(str(folder), count, accident))
    if accident.before is not None:
        accident.before()
    if accident.after:
        signal.setitimer(signal.ITIMER_REAL, accident.after)
    else:
        signal.alarm(PATIENCE)


def _hook(folder: str, count: int, accident: Accident) -> Callable[[str, tuple[Any, ...]], None]:
    done = 0
    owner = os.getpid()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal done
        if event == "open":
            path, mode, flags = arguments
            writes = bool(flags & WRITES) if mode is None else any(letter in mode for letter in "wax+")
        else:
            path, writes = (arguments or (None,))[0], event in CHANGES
        if not writes or not isinstance(path, str | bytes | os.PathLike) or os.getpid() != owner:
            return
        if not os.path.abspath(os.fsdecode(path)).startswith(folder):
            return
        done += 1
        os.write(count, b".")
        if done == accident.at and accident.happens is not None:
            accident.happens(event)

    return hook


def killed(_: str) -> None:
    """As the kernel does it where memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def stopped(_: str) -> None:
    """Until somebody sends SIGCONT."""
    os.kill(os.getpid(), signal.SIGSTOP)


def interrupted(_: str) -> None:
    """Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)


def no_room(event: str) -> None:
    """The disk is full for this one operation, unless it takes something away, which needs no room."""
    if event not in FREES:
        raise OSError(28, "No space left on device")


def little_room(size: int) -> Callable[[], None]:
    """No file grows beyond so many bytes."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def like_others() -> None:
    """Root may write what is read only; without that privilege it may not, and reads all the same (Linux)."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        libc.capget(header, sets)
        sets[0] &= ~(1 << 1)  # CAP_DAC_OVERRIDE, of the effective ones
        libc.capset(header, sets)


def closed(descriptor: int) -> Callable[[], None]:
    """As the shell's `<&-`, `>&-`, `2>&-`: Python has no such stream."""

    def close() -> None:
        os.close(descriptor)
        setattr(sys, ("stdin", "stdout", "stderr")[descriptor], None)

    return close


def removed(folder: Path) -> Callable[[str], None]:
    """Somebody removes a folder."""
    return lambda _: shutil.rmtree(folder, ignore_errors=True)
