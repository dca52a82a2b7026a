"""Whether two checkouts of the package give the same bytes for the same commands.

    python benchmarks/same_bytes.py OLD NEW [--only PATTERN] [--cache FOLDER] [--keep FOLDER]

Every command line of `same_bytes_commands.py` runs in both, in fresh folders, on one thread, with an empty cache of
results; standard output, exit code and every file written are compared byte for byte. Prints one row a command and
leaves with 1 if any differs. `--cache` keeps what OLD gave and reads it there the next time; `--keep` leaves what
NEW gave for a look. What cannot be equal is left out, by `normalised` alone:

- how long something took: keys of JSON that name seconds, such columns of `history.csv`;
- the date and time on a page, its style sheet, the form in which RDKit's version is written;
- the layout of `recipe.toml`, and keys in OLD's alone: settings of nets that the recipe has not;
- TensorBoard's event files; SQLite's layout of a journal, of which the rows are compared.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

from same_bytes_commands import commands, write_inputs

ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "COLUMNS": "120", "TERM": "dumb"}


def run(checkout: Path, root: Path, wanted: dict[str, list[str]]) -> None:
    """Run the commands with `checkout`; each leaves what it wrote in a folder of `root` that bears its name."""
    write_inputs(root / "inputs")
    with tempfile.TemporaryDirectory() as cache:
        environment = {key: value for key, value in os.environ.items() if key != "GRAMMAR_RAE_DATA"}
        environment |= ENVIRONMENT | {"XDG_CACHE_HOME": cache}
        environment["PYTHONPATH"] = f"{checkout.resolve()}{os.pathsep}{(root / 'inputs').resolve()}"
        worker = [sys.executable, "-P", str(Path(__file__).with_name("same_bytes_worker.py")), str(root)]
        subprocess.run(worker, input=json.dumps(wanted), text=True, env=environment, check=True)


def normalised(path: Path) -> bytes:
    """The bytes of a file that must be equal."""
    if path.suffix == ".sqlite":
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as base:
            return "\n".join(base.iterdump()).encode()
    content = path.read_bytes()
    if path.name == "history.csv":
        rows = [line.split(",") for line in content.decode().splitlines()]
        kept = [i for i, name in enumerate(rows[0]) if "seconds" not in name]
        return "\n".join(",".join(row[i] for i in kept) for row in rows).encode()
    if path.suffix == ".json" or path.name == "_stdout":
        return re.sub(rb'"[^"]*seconds[^"]*": [^,}\n]*', b'"seconds": 0', content)
    if path.suffix == ".html":
        return re.sub(
            rb"\d{4}-\d\d-\d\d \d\d:\d\d UTC|(?s:<style>.*?</style>)|\d{4}\.\d\d?\.\d", b"", content
        )
    return content


def files(folder: Path) -> dict[str, Path]:
    """What a command left, by name."""
    return {
        str(path.relative_to(folder)): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "_stderr" and "tensorboard" not in path.parts
    }


def equal(old: Path, new: Path) -> bool:
    """Whether two files are equal, as far as they can be."""
    if new.name == "recipe.toml":
        before, after = (flat(tomllib.loads(path.read_text(encoding="utf-8"))) for path in (old, new))
        return after.items() <= before.items()
    return normalised(old) == normalised(new)


def flat(table: dict[str, Any], above: str = "") -> dict[str, str]:
    """A table of tables as one, of keys «training.epochs» and so on to the values as text."""
    values: dict[str, str] = {}
    for key, value in table.items():
        values |= flat(value, f"{above}{key}.") if isinstance(value, dict) else {above + key: repr(value)}
    return values


def difference(old: Path, new: Path) -> str:
    """The names of the files that differ, or an empty string."""
    before, after = files(old), files(new)
    return ", ".join(
        name
        for name in sorted(before | after)
        if name not in before or name not in after or not equal(before[name], after[name])
    )


def main() -> int:
    """Run, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--only", default="*", help="names of commands, such as 'generate/*'")
    parser.add_argument("--cache", type=Path, help="what OLD gave is kept here")
    parser.add_argument("--keep", type=Path, help="what NEW gave is left here")
    given = parser.parse_args()
    every = commands()
    shown = [name for name in every if fnmatch.fnmatch(name, given.only)]
    wanted = {name: every[name] for name in needed(every, shown)}
    with tempfile.TemporaryDirectory() as scratch:
        old, new = given.cache or Path(scratch) / "old", given.keep or Path(scratch) / "new"
        if not old.exists():
            run(given.old, old, every if given.cache else wanted)
        shutil.rmtree(new, ignore_errors=True)
        begun = time.perf_counter()
        run(given.new, new, wanted)
        differing = 0
        for name in shown:
            odd = difference(old / name, new / name)
            differing += bool(odd)
            print(f"{name:40} {'differs: ' + odd if odd else 'equal'}")
            if "_code" in odd:
                print("  " + "\n  ".join((new / name / "_stderr").read_text().splitlines()[-3:]))
        print(f"{len(shown) - differing} of {len(shown)} equal; {time.perf_counter() - begun:.0f} s")
        return int(differing > 0)


def needed(every: dict[str, list[str]], names: list[str]) -> list[str]:
    """These commands and those whose output they read, in order."""
    text = {name: " ".join(words) for name, words in every.items()}
    wanted = set(names)
    while True:
        more = {name for name in every for one in wanted if re.search(rf"\.\./{re.escape(name)}/", text[one])}
        if more <= wanted:
            return [name for name in every if name in wanted]
        wanted |= more


if __name__ == "__main__":
    sys.exit(main())
