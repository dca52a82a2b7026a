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
    """Arrays of codes and images, of wrong types and shapes too, and their files damaged."""
    verb, model, name, shape = chance.choice(
        (
            ("decode", "strings", "codes", (3, 4)),
            ("decode", "images", "codes", (3, 3)),
            ("encode", "images", "images", (2, 32, 32)),
            ("reconstruct", "images", "images", (2, 32, 32)),
        )
    )
    shapes = ((0, 4), (3,), (), (3, 5), (3, 0), (1, 1, 4), (2, 8, 8), (2, 8, 8, 3), (2, 8, 8, 7))
    types = ("S4", "U4", "M8[s]", "c16", "?", "i8", "u1", "f2", "V8")
    made = chance.choice(
        (
            lambda: np.zeros(shape, np.uint8 if name == "images" else np.float32),
            lambda: np.full(shape, chance.choice((np.nan, np.inf, 1e300))),
            lambda: np.zeros(chance.choice(shapes)),
            lambda: np.zeros(shape, chance.choice(types)),
            lambda: chance.choice((np.zeros(3, "O"), np.array([{"a": 1}, None], "O"))),
        )
    )()
    body = packed(**{name if chance.random() < 0.8 else chance.choice(("x", "", "arr_0")): made})
    if chance.random() < 0.4:
        body = mutations.data(chance, body)
    path = home.file(chance, chance.choice((".npz", ".npz", ".npz", ".npy")), body)
    out = (
        [] if verb == "reconstruct" else ["--out", home.out(chance, ".txt" if model == "strings" else ".npz")]
    )
    return [verb, path, "-m", home.model(model), *out]


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
