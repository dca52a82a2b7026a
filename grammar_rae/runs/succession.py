"""How a run folder passes from one run to the next: the old one stays until the new one is complete.

A run is complete once its weights are there, which are written last. Where a folder holds one, the next is made in a
folder within, and is what the folder holds from the moment on that it is complete; up to then the old one may be
worked with. `settle` brings the new one to its place; where that was interrupted, readers find it all the same, and
whoever works there next goes on with that.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from grammar_rae.files.atomic import replace
from grammar_rae.files.claims import InUse, check, claimed, occupied, unfinished
from grammar_rae.training.checkpoint import checkpoint_of, remove_checkpoint

NEXT = ".next-run"
WEIGHTS = "weights.safetensors"
TOLD = "history.csv", "rejects.csv", "CARD.md", "tensorboard/*"  # of how a run came to be, and how good it is
PARTS = (
    WEIGHTS,
    "recipe.toml",
    "metrics.json",
    "codec/valence.json",
    "codec/grammar.cfg",
    "densities/*.safetensors",
    "seen.npy",
    "seen.txt",
    *TOLD,
)


def is_complete(folder: Path) -> bool:
    """Whether there is a run that can be used."""
    return (folder / WEIGHTS).is_file()


def current(folder: Path) -> Path:
    """Where the files are of the run that a folder holds."""
    return folder / NEXT if is_complete(folder / NEXT) else folder


def state(folder: Path) -> tuple[Path, int, int]:
    """What is another one when another run has come to be what a folder holds."""
    place = current(folder)
    try:
        found = (place / WEIGHTS).stat()
    except FileNotFoundError:
        return place, 0, 0
    return place, found.st_ino, found.st_mtime_ns


def parts(place: Path, patterns: Sequence[str] = PARTS) -> dict[str, Path]:
    """The files of a run by their names in it."""
    found = (path for pattern in patterns for path in sorted(place.glob(pattern)))
    return {path.relative_to(place).as_posix(): path for path in found if path.is_file()}


@contextlib.contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Work in a run folder alone, a former change of runs brought to its end. DataError as `occupied` and `settle`."""
    with occupied(folder):
        settle(folder)
        yield


@contextlib.contextmanager
def making(folder: Path, resume: bool = False) -> Iterator[Path | None]:
    """Where the next run of a folder is made, or one that was begun goes on with `resume`; None where none is left to.

    Nobody else makes one until the block ends. Then the run comes to its place, where it is complete. DataError as
    `at_work`.
    """
    with contextlib.ExitStack() as claim:
        claim.enter_context(at_work(folder))
        place = _place_for(folder, resume)
        if place is None or place == folder:
            yield place
            return
        with claimed(place):
            claim.close()
            yield place
            check(place)
            try:
                claim.enter_context(occupied(folder))
            except InUse as error:
                warnings.warn(
                    f"{error}; the new model is the one in use, and moves up with what is done next",
                    stacklevel=3,
                )
                return
            settle(folder)


def _place_for(folder: Path, resume: bool) -> Path | None:
    begun = interrupted(folder) if resume else None
    if begun is None and is_complete(folder):
        return None if resume else folder / NEXT
    return begun or folder


def interrupted(folder: Path) -> Path | None:
    """Where a run was begun that is not finished, if any was."""
    if (folder / NEXT).is_dir():
        return folder / NEXT
    return folder if checkpoint_of(folder).is_file() else None


def clear(place: Path) -> None:
    """Remove what was made of a run that is not complete; other files stay."""
    if place.name == NEXT or (place / "recipe.toml").is_file():
        for path in parts(place).values():
            path.unlink()
    remove_checkpoint(place)


def settle(folder: Path) -> None:
    """Bring a run that was made in place of another, if one is complete, to where its folder has its run.

    OSError or DataError where that cannot be written; nothing is lost then.
    """
    place = folder / NEXT
    if not is_complete(place):
        return
    new = parts(place)
    for name in parts(folder).keys() - new.keys():
        (folder / name).unlink()
    for pattern in PARTS:
        if "/" in pattern:
            with contextlib.suppress(OSError):  # there is none, or it is not empty
                (folder / pattern).parent.rmdir()
    for name, path in new.items():
        replace(folder / name, path.read_bytes())
    remove_checkpoint(folder)
    aside = unfinished(place)
    shutil.rmtree(aside, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        os.rename(place, aside)
    shutil.rmtree(aside, ignore_errors=True)
