"""Molecules drawn in a grid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rdkit.Chem.Draw import rdMolDraw2D

from grammar_rae.datasets.smiles import molecule
from grammar_rae.errors import DataError
from grammar_rae.files import write_bytes

CELL = 240  # pixels


def grid(
    smiles: Sequence[str],
    path: str | Path,
    columns: int = 5,
    rows: int = 4,
    legends: Sequence[str] | None = None,
) -> int:
    """Draw the first `columns * rows` valid molecules as a PNG; how many were drawn. `legends`: one a string.

    DataError where none is a molecule or the picture cannot be written.
    """
    pairs = [
        (found, legends[place] if legends else "")
        for place, text in enumerate(smiles)
        if (found := molecule(text)) is not None
    ][: columns * rows]
    if not pairs:
        raise DataError(f"{path}: no picture, none of the {len(smiles):,} strings is a molecule")
    lines = -(-len(pairs) // columns)
    canvas = rdMolDraw2D.MolDraw2DCairo(min(len(pairs), columns) * CELL, lines * CELL, CELL, CELL)
    options = canvas.drawOptions()
    options.legendFontSize = 16  # type: ignore[assignment]
    options.minFontSize = 11  # type: ignore[assignment]
    options.drawMolsSameScale = False  # type: ignore[assignment]
    canvas.DrawMolecules([found for found, _ in pairs], legends=[text for _, text in pairs])
    canvas.FinishDrawing()
    write_bytes(path, canvas.GetDrawingText())
    return len(pairs)
