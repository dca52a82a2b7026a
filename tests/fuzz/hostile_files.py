"""Words of commands over hostile files that are no text: run folders, arrays, images."""

import io
import json
import shutil
from pathlib import Path

import mutations
import numpy as np
from home import packed
from PIL import Image


def run_folders(chance, home):
    """Run folders with one of their files damaged."""
    kind = chance.choice(("molecules", "strings", "images"))
    folder = Path(home.out(chance, ""))
    shutil.copytree(home.model(kind), folder)
    path = chance.choice(sorted(path for path in folder.rglob("*") if path.is_file()))
    if path.suffix == ".json" and chance.random() < 0.8:
        deep = (
            "[" * 100_000
            if chance.random() < 0.1
            else json.dumps(mutations.value(chance, json.loads(path.read_text())))
        )
        path.write_text(deep)
    elif path.suffix == ".toml" and chance.random() < 0.7:
        path.write_text(mutations.toml(chance, path.read_text()))
    elif path.suffix in {".toml", ".cfg", ".txt"}:
        path.write_text(mutations.text(chance, path.read_text()), encoding="utf-8", errors="replace")
    elif chance.random() < 0.1:
        path.unlink()
    else:
        path.write_bytes(mutations.data(chance, path.read_bytes()))
    codes = home.file(chance, ".npz", packed(codes=np.zeros((2, 3 if kind == "images" else 4), np.float32)))
    return chance.choice(
        (
            ["generate", "-n", "2", "-m", str(folder), "--json", "--density", "prior"],
            ["generate", "-n", "2", "-m", str(folder), "--json"],
            [
                "decode",
                codes,
                "-m",
                str(folder),
                "--out",
                home.out(chance, ".npz" if kind == "images" else ".txt"),
            ],
        )
    )


def arrays(chance, home):
    """Arrays of codes and images of wrong types and shapes, and their files damaged."""
    made = chance.choice(
        (
            lambda: np.zeros((3, chance.choice((3, 4))), np.float32),
            lambda: np.full((2, 4), chance.choice((np.nan, np.inf, 1e300))),
            lambda: np.zeros(
                chance.choice(
                    ((0, 4), (3,), (), (3, 5), (3, 0), (1, 1, 4), (2, 8, 8), (2, 8, 8, 3), (2, 8, 8, 7))
                )
            ),
            lambda: np.zeros(
                (3, 4), chance.choice(("S4", "U4", "M8[s]", "c16", "?", "i8", "u1", "f2", "V8"))
            ),
            lambda: chance.choice((np.zeros(3, "O"), np.array([{"a": 1}, None], "O"))),
        )
    )()
    body = packed(**{chance.choice(("codes", "images", "x", "")): made})
    if chance.random() < 0.4:
        body = mutations.data(chance, body)
    path = home.file(chance, chance.choice((".npz", ".npz", ".npy")), body)
    images, strings = home.model("images"), home.model("strings")
    return chance.choice(
        (
            ["decode", path, "-m", strings],
            ["decode", path, "-m", images, "--out", home.out(chance, ".npz")],
            ["encode", path, "-m", images, "--out", home.out(chance, ".npz"), "--json"],
            ["reconstruct", path, "-m", images, "--json"],
        )
    )


def images(chance, home):
    """Image files of odd modes and sizes, damaged."""
    mode, size = (
        chance.choice(("L", "RGB", "RGBA", "1", "P", "I;16", "CMYK")),
        chance.choice(((8, 8), (1, 1), (3, 900), (64, 64))),
    )
    body, kind = io.BytesIO(), "TIFF" if mode == "CMYK" else chance.choice(("PNG", "TIFF"))
    Image.new(mode, size).save(body, kind)
    damaged = body.getvalue() if chance.random() < 0.2 else mutations.data(chance, body.getvalue())
    path = home.file(chance, chance.choice((".png", ".jpg", ".gif", ".tif", ".bmp")), damaged)
    model = home.model("images")
    return chance.choice(
        (
            ["encode", path, "-m", model, "--out", home.out(chance, ".npz"), "--json"],
            ["reconstruct", path, "-m", model, "--json"],
            ["neighbours", path, "-m", model, "-n", "2", "--json", "--out", home.out(chance, ".npz")],
        )
    )
