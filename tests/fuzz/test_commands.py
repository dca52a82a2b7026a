"""Hostile inputs to the command line: accepted or refused, never a traceback, a crash, a hang or a blow-up.

`python -m pytest -m slow tests/fuzz` throws a hundred thousand, or as many as FUZZ_INPUTS says, and prints the table of
`docs/reliability.md`.
"""

import os
import random
import shutil
from collections import Counter

import numpy as np
import pytest
from arena import FAULTS, endings
from home import Home
from inputs import KINDS
from tiny import tiny
from untrained import untrained_molecules, untrained_strings

from grammar_rae.model.model import Model
from grammar_rae.runs import folder

SHARES = {
    "numeric options": 0.05,
    "recipes and --set": 0.05,
    "scores": 0.05,
}  # of all inputs; the others alike
ROUND = 200


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Folders of models that nobody trained: their weights say nothing, their files are like all others."""
    home = tmp_path_factory.mktemp("models")
    images = Model(tiny("vae", "grey")[0], "cpu")
    for name, model in (
        ("molecules", untrained_molecules("recurrent")), ("strings", untrained_strings()), ("images", images)
    ):  # fmt: skip
        codes = np.random.default_rng(0).normal(size=(200, model.recipe.encoder.latent)).astype(np.float32)
        for kind in ("gaussian", "gmm"):
            model.fit_density(kind, codes)
        folder.save(home / name, model.run)
    return home


def thrown(kind, n, models, files, seed=0):
    """The commands of n inputs of a kind, and how they ended, by and by."""
    for first in range(0, n, ROUND):
        files.mkdir()
        home = Home(models, files)
        commands = [
            KINDS[kind](random.Random(f"{seed} {kind} {place}"), home)
            for place in range(first, min(n, first + ROUND))
        ]
        yield from zip(commands, endings(commands), strict=True)
        shutil.rmtree(files)


def row(kind, counts):
    """A line of the table."""
    numbers = (sum(counts.values()), *(counts[how] for how in ("accepted", "refused", *FAULTS)))
    return f"| {kind} | {' | '.join(f'{number:,}' for number in numbers)} |"


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_input_is_accepted_or_refused(kind, models, tmp_path):
    ended = list(thrown(kind, 30, models, tmp_path / "files"))
    assert [(words, ending) for words, ending in ended if ending.how in FAULTS] == []
    assert {"refused"} <= {ending.how for _, ending in ended}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_hundred_thousand_hostile_inputs(kind, models, tmp_path, capsys):
    inputs = int(os.environ.get("FUZZ_INPUTS", 100_000))
    alike = (1 - sum(SHARES.values())) / (len(KINDS) - len(SHARES))
    counts, faults = Counter(), []
    for words, ending in thrown(
        kind, round(inputs * SHARES.get(kind, alike)), models, tmp_path / "files", seed=1
    ):
        counts[ending.how] += 1
        if ending.how in FAULTS:
            faults.append((words, ending))
    with capsys.disabled():
        print(f"\n{row(kind, counts)}")
    assert faults == []


def test_the_arena_sees_every_fault():
    words = ["fine", "crash", "no", "loop", "bug", "fill", "fine"]
    found = [ending.how for ending in endings([[word] for word in words], "failing", 1)]
    assert found == ["accepted", "crash", "refused", "hang", "traceback", "blow-up", "accepted"]
