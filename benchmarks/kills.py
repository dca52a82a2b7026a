"""What accidents leave behind: every verb that writes, killed, interrupted, without room, and given again.

    python benchmarks/kills.py --out FOLDER [--only PATTERN] [--moments 100]

A command runs once undisturbed. Then, each time in a fresh folder: it is killed before each of its file operations, and
at random moments; Ctrl-C before each operation, and at random moments; the disk is full for one operation, or files may
not grow; its folder is removed under its hands; it may not write; a second process comes; its streams are closed; the
terminal has 20 columns or no UTF-8. What an accident leaves is one line or nothing, and files that are old or new as a
whole. A command that did not end well is given again (`train` with --resume) and must leave the bytes of the
undisturbed one and nothing else. Left out of the comparison, by `content`: how long something took, the date on a page,
SQLite's layout.

FOLDER keeps what was found after every accident, so that a campaign goes on; `--table` prints what it holds.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import importlib
import json
import os
import shutil
import tempfile
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

from kills_campaign import PARTS, Campaign
from kills_commands import Case, cases, write_inputs
from kills_worker import Accident, run
from same_bytes_worker import LIBRARIES

from grammar_rae.files.atomic import write_bytes

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
    """Accidents of each kind, and faults, over some rows."""
    counts = [sum(row["counts"].get(kind, 0) for row in rows) for kind in kinds]
    return [f"{count:,}" if count else "–" for count in counts] + [
        str(sum(len(row["faults"]) for row in rows))
    ]


def table(out: Path) -> str:
    """A line a verb: counts of accidents by kind, and faults."""
    rows = [json.loads(path.read_text()) for path in sorted(out.glob("*.json"))]
    kinds = list(dict.fromkeys(kind for row in rows for kind in row["counts"]))
    verbs = sorted({row["verb"] for row in rows})
    lines = [["verb", *kinds, "faults"], ["---", *["---:"] * (len(kinds) + 1)]]
    lines += [[verb, *sums([row for row in rows if row["verb"] == verb], kinds)] for verb in verbs]
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
