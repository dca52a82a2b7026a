"""Images given to verbs: seen to be images, and refused in one line where strings are wanted."""

import json

import numpy as np

import grammar_rae as gr
from grammar_rae.files.pictures import write_images


def test_images_are_evaluated_without_being_told_what_they_are(cli, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 1), np.uint8)
    write_images(pixels, tmp_path / "folder")
    write_images(pixels, tmp_path / "array.npz")
    for name, count in {"folder": 6, "array.npz": 6, "folder/0.png": 1}.items():
        code, out, _ = cli("evaluate", tmp_path / name, "--json")
        assert code == 0 and json.loads(out) == {"n": count, "size": 8, "channels": 1, "rejected": 0}
        assert cli("evaluate", tmp_path / name, "--task", "images", "--json")[:2] == (0, out)
        assert gr.evaluate(tmp_path / name)["n"] == count
    code, out, _ = cli("evaluate", tmp_path / "folder", tmp_path / "array.npz", "--json")
    assert code == 0 and [row["n"] for row in json.loads(out)] == [6, 6]
    (tmp_path / "empty").mkdir()
    for name, says in {"two.npz": "two.npz: no such file", "empty": "is not a run folder"}.items():
        code, out, err = cli("evaluate", tmp_path / name)
        assert code == 2 and out == "" and err.count("\n") == 1 and says in err
    code, _, err = cli("reconstruct", tmp_path / "folder", "-m", "grae-equations")
    assert code == 2 and "a folder cannot be read as strings" in err and err.count("\n") == 1
