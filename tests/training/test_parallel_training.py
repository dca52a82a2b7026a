"""Two processes train as one does: the same batches, each process its half."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

TINY = ["training.epochs=2", "training.batch=64", "training.by_length=false", "decoder.hidden=12"]
TINY += ["encoder.filters=[6,6]", "encoder.hidden=12", "encoder.latent=3", "density.components=2"]


def history(folder, items, devices, *changes):
    program = str(Path(sys.executable).parent / "grammar-rae")
    options = [part for value in [*TINY, *changes] for part in ("--set", value)]
    command = [program, "train", "grae", "--grammar", "equation", "--data", str(items), "--out", str(folder)]
    subprocess.run(
        [*command, *options, "--devices", str(devices)], check=True, capture_output=True, timeout=240
    )
    with (folder / "history.csv").open() as file:
        return [float(row["valid_loss"]) for row in csv.DictReader(file)]


def test_two_processes_follow_the_trajectory_of_one(tmp_path):
    items = tmp_path / "items.txt"
    items.write_text(
        "".join(f"{a}+{b}*x{tail}\n" for a in "123x" for b in "123x" for tail in ("", "/2", "+1", "*x"))
    )
    one, two = (history(tmp_path / f"run{n}", items, n) for n in (1, 2))
    assert two == pytest.approx(one, rel=1e-4)
    assert (tmp_path / "run2" / "weights.safetensors").is_file()


def test_two_processes_train_what_takes_several_steps_a_batch(tmp_path):
    """Each step reaches a part of the weights; in the others both processes leave every weight as it was."""
    items = tmp_path / "items.txt"
    items.write_text(
        "".join(f"{a}+{b}*x{tail}\n" for a in "123x" for b in "123x" for tail in ("", "/2", "+1"))
    )
    changes = ("objective.variant=recursive", "objective.weights={}", "training.learning_rate=1e-2")
    losses = history(tmp_path / "run", items, 2, *changes)
    assert losses[1] < losses[0] < float("inf")
