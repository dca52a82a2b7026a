"""What the command line does with an image model: draw, reconstruct, encode and decode, whole files at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from grammar_rae.datasets.images import read
from grammar_rae.errors import DataError
from grammar_rae.evaluators.image_pictures import grid, write
from grammar_rae.evaluators.images import squared_error
from grammar_rae.files import Reject, write_rejects
from grammar_rae.model import Model
from grammar_rae.progress import Report
from grammar_rae.samples import read_codes, write_codes


def draw(
    name: str, n: int, out: str | None, picture: Path | None, device: str, report: Report, **settings: Any
) -> dict[str, Any]:
    """`Model.generate` into an `.npz` or a folder of PNG files, the first hundred into a picture."""
    model = Model.load(name, device)
    images = model.generate(n, report=report, **settings)
    if out is not None:
        write(images, out)
    if picture is not None:
        grid(images, picture)
    return {"n": n, "size": images.shape[1], "channels": images.shape[3]}


def reconstruct_file(
    name: str, path: str, out: str | None, device: str, revisions: int = 0
) -> dict[str, Any]:
    """Images encoded and decoded, into an `.npz` or a folder, with their error; unreadable ones are left out."""
    model = Model.load(name, device)
    items = read(path)
    x, known, rejected = model.run.codec.encode_known(items)
    if not len(known):
        raise DataError(f"{path}: none of its images can be read; the first: {rejected[0][1]}")
    back = model.decode(model.codes(x), revisions=revisions)
    if out is not None:
        write(back, out)
    real = model.run.codec.decode(x)
    return {"n": len(known), "rejected": len(rejected), "squared_error": squared_error(real, back)}


def encode_file(name: str, path: str, out: Path, device: str) -> dict[str, Any]:
    """Codes (n, latent) and the images' names (n,) as .npz; unreadable images go to `out`.rejects.csv."""
    model = Model.load(name, device)
    items = read(path)
    z, known, rejected = model.encode_known(items)
    if not known:
        raise DataError(f"{path}: none of its images can be read; the first: {rejected[0][1]}")
    write_codes(out, z, np.array([items.name(i) for i in known]))
    if rejected:
        write_rejects(f"{out}.rejects.csv", [Reject(0, items.name(i), why) for i, why in rejected])
    return {"n": len(known), "rejected": len(rejected), "latent": model.latent}


def decode_file(name: str, path: Path, out: str, device: str, **how: Any) -> int:
    """The images of the array `codes` of an .npz into an `.npz` or a folder; how many. `how` as `Model.decode`."""
    if out == "-":
        raise DataError("images do not go to standard output; name an .npz or a folder with --out")
    images = Model.load(name, device).decode(read_codes(path), **how)
    write(images, out)
    return len(images)
