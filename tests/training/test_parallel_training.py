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


RANKS = """
import sys
from pathlib import Path
import grammar_rae.training.loop as loop
from grammar_rae.experiments.train import train

class Watched(loop._Loop):
    def _begin(self, epoch, begin):
        super()._begin(epoch, begin)
        total = sum(p.double().sum().item() for p in self.objective.parameters())
        Path(sys.argv[1], f"{epoch} {self.fabric.global_rank}").write_text(total.hex())

loop._Loop = Watched
shape = ("encoder.rungs=[1,2]", "encoder.latent=3", "encoder.width=4", "decoder.width=4", "prior.clusters=[2,2]")
small = ("training.epochs=2", "data.limit=33", "training.valid_examples=4", "training.batch=33", "prior.fit_epoch=1")
train("vlac-digits", overrides=(*shape, *small), devices=2)
"""


def test_mixtures_are_fitted_alike_in_both_processes(tmp_path):
    """Of 33 rows one has 17 and the other 16, after which their generators draw differently."""
    script, sums = tmp_path / "ranks.py", tmp_path / "sums"
    script.write_text(RANKS)
    sums.mkdir()
    subprocess.run([sys.executable, str(script), str(sums)], check=True, capture_output=True, timeout=240)
    first, second, last, other = ((sums / name).read_text() for name in ("0 0", "0 1", "1 0", "1 1"))
    assert first == second != last == other
