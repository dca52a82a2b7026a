"""What happens to one verb in `kills.py`, and what must be found after it."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from kills_commands import Case
from kills_worker import (
    Accident,
    Outcome,
    closed,
    interrupted,
    killed,
    like_others,
    little_room,
    no_room,
    outcome,
    removed,
    run,
    start,
    stopped,
)
from same_bytes import normalised

from grammar_rae.runs.succession import current, is_complete, parts

Step = Callable[[], None]
LIMITS = (1_000, 4_000, 40_000)  # bytes a file may have
LETTING_GO = (
    2  # operations by which a command leaves a folder: it is no longer in use, and goes where it is empty
)
TERMINALS = {
    "20 columns": {"COLUMNS": "20"},
    "no UTF-8": {"PYTHONIOENCODING": "ascii"},
}


def content(folder: Path) -> dict[str, bytes]:
    """Every file and folder by name, and the bytes that must be equal."""
    found = sorted(folder.rglob("*"))
    return {str(path.relative_to(folder)): _body(path) if path.is_file() else b"" for path in found}


def _body(path: Path) -> bytes:
    try:
        return normalised(path)
    except sqlite3.OperationalError:  # a journal somebody writes, or did not finish writing
        return b""


class Campaign:
    """One verb and all that happens to it: counts by kind of accident, and what went wrong."""

    def __init__(self, case: Case, template: Path, place: Path, times: int) -> None:
        self.case, self.template, self.place, self.times = case, template, place, times
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.before = content(template)
        whole = run(case.words, self.fresh(), self.notes, Accident())
        if whole.code:
            raise SystemExit(f"{' '.join(case.words)}: {whole.err}")
        self.operations, self.seconds = whole.operations, whole.seconds
        self.after = content(self.folder)
        self.runs = [self.run_in(template), self.run_in(self.folder)]

    @property
    def folder(self) -> Path:
        """Where the command works."""
        return self.place / "work"

    @property
    def notes(self) -> Path:
        """What it printed."""
        return self.place / "notes"

    def fresh(self) -> Path:
        """The command's folder with its inputs and nothing else."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.template, self.folder)
        return self.folder

    def run_in(self, folder: Path) -> dict[str, bytes]:
        """The complete run that the command's run folder holds, and nothing of one that is not."""
        place = current(folder / (self.case.folder or ""))
        return {name: _body(path) for name, path in parts(place).items()} if is_complete(place) else {}

    def step(self, kind: str, accident: Accident, told: bool = True) -> Step:
        """An accident that is to happen."""
        return partial(self.happen, kind, accident, told)

    def happen(self, kind: str, accident: Accident, told: bool) -> None:
        """An accident in a fresh folder, and the command again after it."""
        found = run(self.case.words, self.fresh(), self.notes, accident)
        if accident.environment and found.code:
            self.fault(kind, f"{accident.environment}: exit {found.code}")
        self.judge(kind, found, told)

    def judge(self, kind: str, found: Outcome, told: bool = True) -> None:
        """Count an accident and what was wrong after it, where anything was."""
        self.counts[kind] += 1
        if told and not found.tidy:
            self.fault(kind, f"exit {found.code}: {found.err[-400:]}")
        self.look(kind)
        words = [*self.case.words, *self.case.again]
        again = run(words, self.folder, self.notes, Accident()) if found.code else found
        now = content(self.folder)
        if again.code or now != self.after:
            names = sorted(
                name for name in now.keys() | self.after.keys() if now.get(name) != self.after.get(name)
            )
            self.fault(kind, f"again: exit {again.code} {again.err[-300:]}; differ: {', '.join(names[:8])}")

    def look(self, kind: str) -> None:
        """What lies there under a name of its own is whole: as it was, or as it shall be."""
        states = self.before, self.after
        for name, body in content(self.folder).items():
            own = not any(part.startswith(".") for part in Path(name).parts) and "checkpoint" not in name
            journal = "sqlite" in name or name.endswith("history.csv")  # these grow
            if own and not journal and not any(body == state.get(name) for state in states):
                self.fault(kind, f"half written: {name}")
        if self.case.words[0] == "train" and self.run_in(self.folder) not in self.runs:
            self.fault(kind, "a run that is neither the old one nor the new one")

    def fault(self, kind: str, what: str) -> None:
        """Note what went wrong."""
        self.faults.append(f"{kind} {self.counts[kind]}: {what}")

    def kills(self) -> Iterator[Step]:
        """By the kernel, before each operation."""
        for at in range(1, self.operations + 1):
            yield self.step("killed at an operation", Accident(killed, at), told=False)

    def moments(self) -> Iterator[Step]:
        """By the kernel, at any time."""
        draw = random.Random(0)
        for _ in range(self.times):
            after = draw.uniform(0.001, 1.1 * self.seconds)
            yield self.step("killed at a moment", Accident(after=after), told=False)

    def interrupts(self) -> Iterator[Step]:
        """By Ctrl-C."""
        for at in range(1, self.operations + 1):
            yield self.step("Ctrl-C at an operation", Accident(interrupted, at))

    def disks(self) -> Iterator[Step]:
        """No room, or no right to write."""
        for at in range(1, self.operations + 1):
            yield self.step("no room at an operation", Accident(no_room, at))
        for limit in LIMITS:
            yield self.step("files may not grow", Accident(before=little_room(limit)))
        yield self.read_only

    def read_only(self) -> None:
        """Nothing may be written, neither beside what is there nor over it."""
        places = [self.fresh(), *self.folder.rglob("*")]
        for place in places:
            place.chmod(0o555 if place.is_dir() else 0o444)
        found = run(self.case.words, self.folder, self.notes, Accident(before=like_others))
        for place in places:
            place.chmod(0o755 if place.is_dir() else 0o644)
        if found.code != 2:
            self.fault("read only", f"exit {found.code}")
        self.judge("read only", found)

    def removals(self) -> Iterator[Step]:
        """Of a folder that was not there before, until the command is done with it."""
        if self.case.folder is not None and self.case.folder not in self.before:
            for at in range(2, self.operations - LETTING_GO + 1):
                yield self.step("folder removed", Accident(removed(self.folder / self.case.folder), at))

    def terminals(self) -> Iterator[Step]:
        """Streams and terminals that are not what they commonly are."""
        for descriptor in range(3):
            yield self.step("stream closed", Accident(before=closed(descriptor)))
        for environment in TERMINALS.values():
            yield self.step("another terminal", Accident(environment=environment))

    def two(self) -> Iterator[Step]:
        """A second process comes while the first is at work in a folder, neither coming nor going."""
        if self.case.folder is not None:
            for at in (5, self.operations // 2, self.operations - 3):
                yield partial(self.meet, at)

    def meet(self, at: int) -> None:
        """The second is told who is there, and does nothing."""
        first = start(self.case.words, self.fresh(), self.notes, Accident(stopped, at))
        os.waitpid(first, os.WUNTRACED)
        was = content(self.folder)
        second = run(self.case.words, self.folder, self.place / "second", Accident())
        if second.code != 2 or f"in use by process {first} on " not in second.err:
            self.fault("two processes", f"the second: exit {second.code} {second.err[-300:]}")
        if content(self.folder) != was:
            self.fault("two processes", "the second wrote")
        begun = time.monotonic()
        os.kill(first, signal.SIGCONT)
        code = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
        self.judge("two processes", outcome(code, self.notes, time.monotonic() - begun))


PARTS: dict[str, Callable[[Campaign], Iterator[Step]]] = {
    "two": Campaign.two,
    "terminals": Campaign.terminals,
    "disks": Campaign.disks,
    "removals": Campaign.removals,
    "kills": Campaign.kills,
    "interrupts": Campaign.interrupts,
    "moments": Campaign.moments,
}
