"""What accidents leave behind: every verb that writes, killed, interrupted, without room, and given again.

    python benchmarks/kills.py --out FOLDER [--only PATTERN] [--moments 100]

A command runs once undisturbed. Then, each time in a fresh folder: it is killed before each of its file operations, and
at random moments; Ctrl-C before each operation, and at random moments; the disk is full for one operation, or files may
not grow; its folder is removed under its hands; it may not write; a second process comes; its streams are closed; the
terminal has 20 columns or no UTF-8. What an accident leaves is one line or nothing, and files that are old or new as a
whole. The command is given again (`train` with --resume) and must leave the bytes of the undisturbed one and nothing
else. Left out of the comparison, by `content`: how long something took, the date on a page, SQLite's layout.

FOLDER keeps what was found after every accident, so that a campaign goes on; `--table` prints what it holds.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import importlib
import json
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from kills_commands import Case, cases, write_inputs
from kills_worker import (
    Accident,
    Outcome,
    closed,
    interrupted,
    killed,
    little_room,
    no_room,
    nobody,
    outcome,
    removed,
    run,
    start,
    stopped,
)
from same_bytes import normalised
from same_bytes_worker import LIBRARIES

from grammar_rae.files.atomic import write_bytes

Step = Callable[[], None]

OWN = [
    f"grammar_rae.{name}"
    for name in ("cli", "chemistry.smiles_grammar", "experiments.train", "tasks.evaluate", "workflows.encode")
    + (
        "workflows.findings",
        "workflows.generate",
        "workflows.page",
        "workflows.reconstruct",
        "workflows.walk",
    )
]
LIMITS = (1_000, 4_000, 40_000)  # bytes a file may have
TERMINALS = {
    "20 columns": {"COLUMNS": "20"},
    "no UTF-8": {"PYTHONIOENCODING": "ascii"},
}


def content(folder: Path) -> dict[str, bytes]:
    """Every file and folder by name, and the bytes that must be equal."""
    found = sorted(folder.rglob("*"))
    return {str(path.relative_to(folder)): normalised(path) if path.is_file() else b"" for path in found}


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
        again = run([*self.case.words, *self.case.again], self.folder, self.notes, Accident())
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
        yield self.step("read only", Accident(before=nobody))

    def removals(self) -> Iterator[Step]:
        """Of a folder that was not there before."""
        if self.case.folder is not None and self.case.folder not in self.before:
            for at in range(2, self.operations + 1):
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


def prepare(inputs: Path, place: Path) -> None:
    """Import what the commands import, and write the inputs of all verbs where they are not there yet."""
    for library in (*LIBRARIES, *OWN):
        with contextlib.suppress(ImportError):
            importlib.import_module(library)
    os.environ |= {
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "120",
        "TERM": "dumb",
        "XDG_CACHE_HOME": f"{place}/cache",
    }
    os.chmod(place, 0o755)
    if inputs.exists():
        return

    def execute(words: list[str]) -> None:
        """One command that must go well."""
        done = run(words, place / "inputs", place / "notes", Accident())
        if done.code:
            raise SystemExit(f"{' '.join(words)}: {done.err}")

    write_inputs(place / "inputs", execute)
    shutil.copytree(place / "inputs", inputs)


def undertake(name: str, case: Case, out: Path, place: Path, wanted: str, times: int) -> None:
    """Every part of a verb that matches, from where `out` says that it stands; it says so after each accident."""
    campaign: Campaign | None = None
    for part, steps in PARTS.items():
        path = out / f"{name.replace(', ', '-').replace(' ', '-')}.{part}.json"
        row = json.loads(path.read_text()) if path.exists() else {"verb": name, "counts": {}, "faults": []}
        if row.get("finished") or not fnmatch.fnmatch(part, wanted):
            continue
        campaign = campaign or Campaign(case, out / "inputs", place, times)
        campaign.counts, campaign.faults = Counter(row["counts"]), row["faults"]
        for step in islice(steps(campaign), sum(row["counts"].values()), None):
            step()
            _keep(path, row | {"counts": campaign.counts})
        _keep(path, row | {"counts": campaign.counts, "finished": True})
        print(f"{name}, {part}: {dict(campaign.counts)}", *campaign.faults, sep="\n  ", flush=True)


def _keep(path: Path, row: dict[str, Any]) -> None:
    write_bytes(path, json.dumps(row, indent=1, ensure_ascii=False).encode())


def sums(rows: list[dict[str, Any]], kinds: list[str]) -> list[str]:
    """Accidents of each kind, and faults, over all rows."""
    counts = [sum(row["counts"].get(kind, 0) for row in rows) for kind in kinds]
    return [str(count or "–") for count in counts] + [str(sum(len(row["faults"]) for row in rows))]


def table(out: Path) -> str:
    """All rows: verbs, and counts of accidents and faults."""
    rows = [json.loads(path.read_text()) for path in sorted(out.glob("*.json"))]
    kinds = list(dict.fromkeys(kind for row in rows for kind in row["counts"]))
    lines = [["verb", *kinds, "faults"], ["---"] * (len(kinds) + 2)]
    lines += [
        [row["verb"], *(str(row["counts"].get(kind, "–")) for kind in kinds), str(len(row["faults"]))]
        for row in rows
    ]
    lines.append(["all", *sums(rows, kinds)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main() -> None:
    """Every verb and part that FOLDER does not hold yet; exit code 1 where anything went wrong."""
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made.add_argument("--out", type=Path, required=True, help="folder of rows, to go on from")
    made.add_argument("--only", default="*", help="verbs, by pattern")
    made.add_argument("--parts", default="*", help=f"by pattern: {', '.join(PARTS)}")
    made.add_argument("--moments", type=int, default=100, help="random moments a verb is killed at")
    made.add_argument("--table", action="store_true", help="print what FOLDER holds, and run nothing")
    options = made.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.table:
        with tempfile.TemporaryDirectory() as place:
            prepare(options.out / "inputs", Path(place))
            for name, case in cases().items():
                if fnmatch.fnmatch(name, options.only):
                    undertake(name, case, options.out, Path(place), options.parts, options.moments)
    print(table(options.out))
    raise SystemExit(any(json.loads(path.read_text())["faults"] for path in options.out.glob("*.json")))


if __name__ == "__main__":
    main()
