"""Who is at work on which file or folder, and what killed processes left unfinished.

A name that starts with a dot and ends with `UNFINISHED` is held by the process at work on it. The kernel lets a lock go
when its process ends, however that ends: what bears such a name and is held by nobody is swept by the next writer.
Where there are no such locks (Windows, some network drives) nobody is refused and nothing is swept.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from grammar_rae.errors import DataError, excerpt

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

UNFINISHED = ".grammar-rae"
IN_USE = f".in-use{UNFINISHED}"  # in a folder somebody works in: who that is


class InUse(DataError):
    """Somebody else works in a folder."""


_descriptors: set[int] = set()
_claimed: dict[str, bytes] = {}  # real paths of folders this process works in: what it says there of itself


def unfinished(path: Path) -> Path:
    """Where a file or folder lies until it is finished. Long names are cut, for file systems limit them."""
    return path.with_name(f".{path.name[:50]}{UNFINISHED}")


@contextlib.contextmanager
def held(path: Path, wait: bool = True) -> Iterator[bool]:
    """Hold a file, made where there is none, alone among processes and threads; False where there are no locks.

    BlockingIOError where another holds it and nobody wants to `wait`; OSError where it cannot be opened.
    """
    if fcntl is None:
        yield False
        return
    descriptor, sure = _opened(path, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    _descriptors.add(descriptor)
    try:
        yield sure
    finally:
        if descriptor in _descriptors:
            _descriptors.remove(descriptor)
            os.close(descriptor)


def _opened(path: Path, how: int) -> tuple[int, bool]:
    """A descriptor of the file of that name, and whether it is locked. The name may pass to another file meanwhile."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            sure = _locked(descriptor, how)
            if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor, sure
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _locked(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


def _let_go() -> None:
    """A forked worker may outlive its parent; what the parent held is free then all the same."""
    while _descriptors:
        os.close(_descriptors.pop())


if fcntl is not None:
    os.register_at_fork(after_in_child=_let_go)


def sweep(folder: Path) -> None:
    """Remove the unfinished files and folders in a folder that nobody is at work on any more."""
    for path in folder.glob(f".*{UNFINISHED}"):
        with contextlib.suppress(OSError), held(path / IN_USE if path.is_dir() else path, wait=False) as sure:
            if sure and path.is_dir():
                shutil.rmtree(path)
            elif sure:
                path.unlink()


def check(path: Path) -> None:
    """DataError where a folder that this process works in, and `path` is or lies in, was removed meanwhile."""
    real = os.path.realpath(path)
    for folder, said in list(_claimed.items()):
        if real == folder or real.startswith(folder + os.sep):
            try:
                lost = Path(folder, IN_USE).read_bytes() != said
            except OSError:
                lost = True
            if lost:
                raise DataError(
                    f"{folder}: removed by somebody while it was in use here; give the command again"
                )


def make(folder: Path) -> None:
    """Make a folder where there is none; one that this process works in is not made a second time."""
    if os.path.realpath(folder) not in _claimed:
        folder.mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def occupied(folder: Path) -> Iterator[None]:
    """Work in a folder alone, as `claimed`. DataError too where it was removed meanwhile."""
    with claimed(folder):
        yield
        check(folder)


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Nobody else works in a folder. It is made where there is none, and removed again where it stays empty.

    InUse where another process works there, with who that is, DataError where it cannot be written.
    """
    place = folder / IN_USE
    with contextlib.ExitStack() as stack:
        try:
            made = [place for place in (folder, *folder.parents) if not place.exists()]
            stack.callback(_remove_empty, made)
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(held(place, wait=False))
            stack.callback(_leave, folder)
            said = _claimed[os.path.realpath(folder)] = _self()
            place.write_bytes(said)
            sweep(folder)
        except BlockingIOError as error:
            raise InUse(
                f"{folder}: in use by {_holder(place)}; wait until it ends, or name another folder"
            ) from error
        except OSError as error:
            raise DataError(f"{folder}: cannot be written ({error.strerror or error})") from error
        yield


def _leave(folder: Path) -> None:
    _claimed.pop(os.path.realpath(folder), None)
    with contextlib.suppress(OSError):
        (folder / IN_USE).unlink()


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _self() -> bytes:
    """This process, for whoever comes next."""
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
    return (
        f"process {os.getpid()} on {socket.gethostname()} since {datetime.now():%Y-%m-%d %H:%M} ({command})"
    ).encode()


def _holder(place: Path) -> str:
    try:
        return excerpt(place.read_text("utf-8"))[0] or "another process"
    except (OSError, ValueError):
        return "another process"
