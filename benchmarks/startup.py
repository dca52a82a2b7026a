"""CPU seconds of short commands over those of `python -c pass`, of two checkouts in one run.

    python benchmarks/startup.py OLD NEW [--repeats 5]

A command runs in a process of its own, on one thread, by turns with OLD and NEW; the least of the repeats counts.
`python -X importtime -c "from grammar_rae.cli import main; main()" …` says where the time goes.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

COMMANDS = ("--help", "recipes", "models", "datasets", "generate -n 10", "generate -n 10 -m grae-equations")
CODE = "import sys; sys.argv[0] = 'grammar-rae'; from grammar_rae.cli import main; main()"


def cpu_seconds(checkout: Path, code: str, words: list[str]) -> float:
    """User and system seconds of a Python process that finds the package in `checkout`."""
    environment = os.environ | {"PYTHONPATH": str(checkout.resolve()), "OMP_NUM_THREADS": "1"}
    nowhere = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    command = [sys.executable, "-P", "-c", code, *words]
    child = os.posix_spawn(sys.executable, command, environment, file_actions=nowhere)
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{checkout}: {' '.join(words)} failed")
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    checkouts = (given.old, given.new)
    least = min(cpu_seconds(given.new, "pass", []) for _ in range(given.repeats))
    print(f"{'CPU seconds':36}{'old':>8}{'new':>8}{'old / pass':>12}{'new / pass':>12}{'old / new':>11}")
    print(f"{'python -c pass':36}{least:8.3f}{least:8.3f}{1:12.1f}{1:12.1f}{1:11.1f}")
    for line in COMMANDS:
        rounds = [
            [cpu_seconds(checkout, CODE, line.split()) for checkout in checkouts]
            for _ in range(given.repeats)
        ]
        old, new = map(min, zip(*rounds, strict=True))
        print(f"{line:36}{old:8.3f}{new:8.3f}{old / least:12.1f}{new / least:12.1f}{old / new:11.1f}")


if __name__ == "__main__":
    main()
