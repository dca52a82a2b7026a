"""Memory that is freed and taken again."""

import ctypes
import subprocess
import sys

import pytest

ROUNDS = """
import resource
import numpy as np
from grammar_rae.training.memory import keep_freed
{call}
def step():
    arrays = [np.empty(10_000_000, np.uint8) for _ in range(3)]
    for array in arrays:
        array.fill(1)
step()
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(call):
    done = subprocess.run(
        [sys.executable, "-c", ROUNDS.format(call=call)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_freed_memory_comes_again_without_faults():
    if not hasattr(ctypes.CDLL(None), "mallopt"):
        pytest.skip("no glibc")
    assert faults("keep_freed()") < faults("") / 5
