"""Verbs that write, under accidents: `benchmarks/kills.py` on some of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.slow
@pytest.mark.parametrize(
    "verb",
    [
        "train",
        "train, in place of another",
        "density, a copy",
        "generate, images",
        "grammar build",
        "optimize",
    ],
)
def test_no_accident_leaves_anything_behind(tmp_path, verb):
    path = os.pathsep.join([str(BENCHMARKS.parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "kills.py", "--out", tmp_path, "--only", verb, "--moments", "5"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stdout + done.stderr
