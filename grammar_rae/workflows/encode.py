"""Files of items to files of codes, and back."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grammar_rae.errors import DataError, shown_name
from grammar_rae.files import images, tables
from grammar_rae.files.atomic import write_bytes
from grammar_rae.files.tables import write_rejects
from grammar_rae.model.codes import read_codes
from grammar_rae.model.model import Model
from grammar_rae.workflows.written import write_items


def encode(
    name: str | Path, path: str, out: Path, column: str | None = None, device: str = "cpu"
) -> dict[str, int]:
    """Write codes (n, latent) and what their items are called (n,) as .npz; items that cannot be read go to
    `out`.rejects.csv. DataError where none can.
    """
    if tables.is_name(str(out)) or (images.is_name(out) and out.suffix != ".npz"):
        raise DataError(f"{shown_name(out)}: codes and their items are an .npz; expected a name that ends so")
    model = Model.load(name, device)
    medium = model.run.task.medium
    items = medium.read(path, column)
    z, known, refused = model.encode_known(items.values)
    rejected = [*items.rejected, *(items.reject(i, why) for i, why in refused)]
    if not known:
        raise DataError(
            f"{path}: {name} can read none of its {medium.word}s; the first: {rejected[0].reason}"
        )
    write_codes(out, z, np.array([items.names[i] for i in known]))
    write_rejects(f"{out}.rejects.csv", rejected)
    return {"n": len(known), "rejected": len(rejected), "latent": model.latent}


def decode(name: str | Path, path: Path, out: str, device: str = "cpu", **how: Any) -> Any:
    """The items of a file of codes, as `read_codes`, written to `out` as `write_items`; `how` as `Model.decode`."""
    model = Model.load(name, device)
    medium = model.run.task.medium
    medium.check(out)
    items = model.decode(read_codes(model, path), **how)
    write_items(model.run.task, out, items)
    return items


def write_codes(path: Path, codes: NDArray[np.floating], items: NDArray[Any]) -> None:
    """An .npz of codes (n, latent) and the items (n,) they belong to."""
    body = io.BytesIO()
    np.savez(body, codes=codes, items=items)
    write_bytes(path, body.getvalue())
