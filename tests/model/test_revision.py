"""Decoding with a second look: the nearest is kept, only what misses is written again."""

import numpy as np
import pandas as pd
import pytest
from untrained import untrained_strings

from grammar_rae.model.model import Model
from grammar_rae.model.revision import revised

CODES = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]])


def numbers(texts):
    return np.array([[float(part) for part in text.split()] for text in texts])


def test_a_decoder_that_always_falls_short_is_corrected():
    """It writes 0.7 of every code, to one decimal: one that is aimed further arrives."""

    def write(codes, index):
        return ["{:.1f} {:.1f}".format(*np.round(0.7 * code, 1)) for code in codes]

    first = write(CODES, None)
    distance = [np.linalg.norm(numbers(revised(CODES, first, write, numbers, n)) - CODES) for n in (0, 4, 60)]
    assert distance[0] > distance[1] > distance[2] == 0


def test_what_arrived_is_not_written_again_and_the_noise_is_that_of_the_code():
    calls = []

    def write(codes, index):
        calls.append(index.tolist())
        return ["9 9"] * len(codes)

    first = ["1 0", "5 5", "3 0"]
    assert revised(CODES, first, write, numbers, 2) == first  # 9 9 is further away than 5 5
    assert calls == [[1 * 3 + 1], [1 * 3 + 2]]


def test_what_cannot_be_read_is_worse_than_anything():
    def read(texts):
        return np.array([[np.nan, np.nan] if text == "?" else [7.0, 7.0] for text in texts])

    assert revised(CODES, ["?"] * 3, lambda codes, index: ["x"] * len(codes), read, 1) == ["x"] * 3
    assert revised(CODES, ["x"] * 3, lambda codes, index: ["?"] * len(codes), read, 1) == ["x"] * 3


def test_more_molecules_come_back_and_none_is_lost():
    model = Model.load("grae-smiles")
    items = model.generate(200, seed=5)
    plain, again = model.reconstruct(items), model.reconstruct(items, revisions=4)
    was, now = (np.array([a == b for a, b in zip(items, back, strict=True)]) for back in (plain, again))
    assert (now >= was).all() and now.sum() > was.sum()
    assert again == model.reconstruct(items, revisions=4)


def test_bad_numbers():
    with pytest.raises(ValueError, match="revisions -1; expected 0 to"):
        untrained_strings().reconstruct(["."], revisions=-1)


def test_the_command_line(done, cli, toy_run, rna, tmp_path):
    """What it writes is the model's own under the seed given; revisions do not mix with the papers' draws."""
    ask = ("reconstruct", rna / "rna.txt", "-m", toy_run, "--json", "--revisions")
    items = (rna / "rna.txt").read_text().splitlines()
    for seed in (0, 3):
        done(*ask, 2, "--seed", seed, "--out", tmp_path / "out.csv")
        expected = Model.load(toy_run).reconstruct(items, revisions=2, seed=seed)
        assert pd.read_csv(tmp_path / "out.csv")["reconstruction"].tolist() == expected
    code, _, error = cli(*ask, 1, "--encodings", 2)
    assert code and "drawn, not revised" in error
