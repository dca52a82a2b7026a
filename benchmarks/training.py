"""Strings a second of a recipe's training, commit by commit, and how much of the processor's arithmetic that takes.

    python benchmarks/training.py COMMIT... [--recipe grae-smiles] [--turns 3] [--examples 2048] [--threads 1] [--json]

The package of each commit, in a temporary folder, trains the recipe on its own first strings in float32 and in
bfloat16, one epoch to warm up and one that counts, in a process of its own; the commits take turns. One row a commit
and precision:
- `strings`: a second of processor time, so that what else the machine does counts less; the median over turns;
- `ratio`: over the first commit in float32, in the same turn; the median;
- `share`: the floating-point operations of the step's products and convolutions (torch's count), over what products of
  2048 × 2048 matrices reach in the same precision in the same process.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

PRECISIONS = ("32-true", "bf16-mixed")
SIZE = 2048  # of the matrices whose product is the measure


def processor_seconds(function: Callable[[], Any]) -> float:
    begin = time.process_time()
    function()
    return time.process_time() - begin


def trained(recipe: str, precision: str, examples: int, threads: int) -> dict[str, float]:
    """Of one precision with the package that is imported: strings a second, operations a string and a second."""
    import torch
    from lightning_fabric import Fabric
    from torch.utils.flop_counter import FlopCounterMode

    from grammar_rae.experiments.prepare import prepare
    from grammar_rae.recipes import find
    from grammar_rae.recipes.build import make_objective
    from grammar_rae.training.loop import fit
    from grammar_rae.training.memory import keep_freed

    keep_freed()
    torch.set_num_threads(threads)
    asked = {
        "data.limit": 8 * examples,
        "training.valid_examples": 64,
        "training.epochs": 2,
        "training.epoch_examples": examples,
        "training.precision": json.dumps(precision),
    }
    prepared = prepare(find(recipe, tuple(f"{key}={value}" for key, value in asked.items())))
    stated = prepared.run.recipe
    fabric = Fabric(accelerator="cpu", devices=1, precision=precision)
    epochs = fit(make_objective(stated, prepared.run.autoencoder), prepared.rows, stated.training, fabric)
    with FlopCounterMode(display=False) as counter:
        next(epochs)
    seconds = processor_seconds(lambda: next(epochs))
    a = torch.randn(SIZE, SIZE, dtype=torch.float32 if precision == "32-true" else torch.bfloat16)
    least = min(processor_seconds(lambda: a @ a) for _ in range(6))
    operations, rate = counter.get_total_flops() / examples, 2 * SIZE**3 / least
    return {
        "strings": examples / seconds,
        "share": operations * examples / seconds / rate,
        "rate": rate / 1e9,
    }


def measured(checkout: Path, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """What `trained` says of a checkout, by precision, from a process that has nothing else of the package."""
    given = [options.recipe, str(options.examples), str(options.threads)]
    environment = {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": str(options.threads)}
    command = [sys.executable, "-P", __file__, "--worker", *given]
    found = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    row: dict[str, dict[str, float]] = json.loads(found.stdout.splitlines()[-1])
    return row


def rows_of(turns: list[list[dict[str, dict[str, float]]]], names: list[str]) -> list[dict[str, Any]]:
    """A row a commit and precision, of what each commit gave in each turn."""
    rows = []
    for i, name in enumerate(names):
        for precision in PRECISIONS:
            own = [turn[i][precision] for turn in turns]
            first = [turn[0][PRECISIONS[0]]["strings"] for turn in turns]
            ratios = [row["strings"] / before for row, before in zip(own, first, strict=True)]
            means = {key: median(row[key] for row in own) for key in own[0]}
            rows.append({"commit": name, "precision": precision, "ratio": median(ratios), **means})
    return rows


def git(*words: str) -> bytes:
    root = Path(__file__).parents[1]
    return subprocess.run(["git", "-C", str(root), *words], check=True, stdout=subprocess.PIPE).stdout


def checked_out(commit: str, folder: Path) -> Path:
    """The package of a commit, in a folder of its own."""
    with tarfile.open(fileobj=io.BytesIO(git("archive", commit))) as archive:
        archive.extractall(folder, filter="data")
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("commits", nargs="+")
    parser.add_argument("--recipe", default="grae-smiles")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--examples", type=int, default=2048, help="strings in an epoch")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        checkouts = [checked_out(commit, Path(folder) / str(i)) for i, commit in enumerate(options.commits)]
        turns = [[measured(checkout, options) for checkout in checkouts] for _ in range(options.turns)]
    names = [git("log", "-1", "--format=%h %s", commit).decode().strip() for commit in options.commits]
    rows = rows_of(turns, names)
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    print("| strings a second | ratio | share of the products' rate | GFLOP/s | precision | commit |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row['strings']:.0f} | {row['ratio']:.2f} | {row['share']:.0%} | {row['rate']:.0f} "
            f"| {row['precision']} | {row['commit'][:72]} |"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        name, examples, threads = sys.argv[2:]
        found = {precision: trained(name, precision, int(examples), int(threads)) for precision in PRECISIONS}
        print(json.dumps(found))
    else:
        main()
