"""Molecules where a notebook shows them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from grammar_rae.chemistry import drawing as pictures
from grammar_rae.errors import DataError

COLOURS = 32  # of the picture: a third of the bytes, which the notebook's file carries


@dataclass(frozen=True, repr=False)
class Picture:
    """A PNG that notebooks show as the value of a cell."""

    png: bytes

    def _repr_png_(self) -> bytes:
        return self.png


def grid(
    smiles: Sequence[str], columns: int = 5, rows: int = 4, legends: Sequence[str] | None = None
) -> Picture:
    """The first `columns * rows` valid molecules as the picture of a notebook's cell. `legends`: one a string.

    DataError where none is a molecule.
    """
    drawing, drawn = pictures.png(smiles, columns, rows, legends)
    if not drawn:
        raise DataError(f"no picture, none of the {len(smiles):,} strings is a molecule")
    body = io.BytesIO()
    Image.open(io.BytesIO(drawing)).convert("RGB").quantize(COLOURS).save(body, "PNG", optimize=True)
    return Picture(body.getvalue())
