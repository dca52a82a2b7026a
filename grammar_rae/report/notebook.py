"""Molecules as the value of a notebook's cell."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from grammar_rae.chemistry.drawing import grid_png
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
    body, drawn = grid_png(smiles, columns, rows, legends)
    if not drawn:
        raise DataError(f"no picture, none of the {len(smiles):,} strings is a molecule")
    small = io.BytesIO()
    Image.open(io.BytesIO(body)).convert("RGB").quantize(COLOURS).save(small, "PNG", optimize=True)
    return Picture(small.getvalue())
