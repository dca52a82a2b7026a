"""Molecules drawn: a grid as PNG, one as SVG."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rdkit import Chem, rdBase
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from grammar_rae.chemistry.diagnosis import atoms_of
from grammar_rae.chemistry.smiles import molecule, overlong
from grammar_rae.errors import DataError
from grammar_rae.files.atomic import write_bytes

CELL = 240  # pixels
WIDE, HIGH = 200, 140  # pixels, of one molecule as SVG
ORDINARY = (  # what RDKit writes though it is SVG's default, or serves only scripts
    r" class='[^']*'",
    r";fill-rule:evenodd",
    r";stroke-linecap:butt;stroke-linejoin:miter;stroke-opacity:1",
    r"opacity:1.0;",
    r"(?<=\d)\.0(?=\D)",
)


def write_grid(
    smiles: Sequence[str],
    path: str | Path,
    columns: int = 5,
    rows: int = 4,
    legends: Sequence[str] | None = None,
) -> int:
    """Draw the first `columns * rows` valid molecules as a PNG; how many were drawn. `legends`: one a string.

    DataError where none is a molecule or the picture cannot be written.
    """
    body, drawn = grid_png(smiles, columns, rows, legends)
    if not drawn:
        raise DataError(f"{path}: no picture, none of the {len(smiles):,} strings is a molecule")
    write_bytes(path, body)
    return drawn


def grid_png(
    smiles: Sequence[str], columns: int = 5, rows: int = 4, legends: Sequence[str] | None = None
) -> tuple[bytes, int]:
    """`write_grid` as (the bytes of a PNG, how many molecules are on it); no bytes where none of them is one."""
    pairs = [
        (mol, legends[place] if legends else "")
        for place, text in enumerate(smiles)
        if (mol := molecule(text)) is not None
    ][: columns * rows]
    if not pairs:
        return b"", 0
    lines = -(-len(pairs) // columns)
    canvas = rdMolDraw2D.MolDraw2DCairo(min(len(pairs), columns) * CELL, lines * CELL, CELL, CELL)
    options = canvas.drawOptions()
    options.legendFontSize = 16  # type: ignore[assignment]
    options.minFontSize = 11  # type: ignore[assignment]
    options.drawMolsSameScale = False  # type: ignore[assignment]
    canvas.DrawMolecules([mol for mol, _ in pairs], legends=[text for _, text in pairs])
    canvas.FinishDrawing()
    return canvas.GetDrawingText(), len(pairs)


def svg(smiles: str) -> str:
    """One molecule as the inside of an SVG of WIDE by HIGH, transparent; "" where it cannot be drawn.

    A string that is a graph but no molecule is drawn with the atoms at fault on red.
    """
    faults: list[int] = []
    mol = molecule(smiles)
    if mol is None:
        mol, faults = _impossible(smiles)
    if mol is None:
        return ""
    canvas = rdMolDraw2D.MolDraw2DSVG(WIDE, HIGH)
    options = canvas.drawOptions()
    options.clearBackground = False  # type: ignore[assignment]
    options.prepareMolsBeforeDrawing = not faults  # type: ignore[assignment]
    options.minFontSize = 9  # type: ignore[assignment]
    options.fixedBondLength = 22  # type: ignore[assignment]
    options.highlightRadius = 0.45  # type: ignore[assignment]
    options.standardColoursForHighlightedAtoms = True  # type: ignore[assignment]
    canvas.DrawMolecule(mol, highlightAtoms=faults)
    canvas.FinishDrawing()
    inside = re.search(r"<!-- END OF HEADER -->\n(.*)</svg>", canvas.GetDrawingText(), re.DOTALL)
    return re.sub("|".join(ORDINARY), "", inside[1]) if inside else ""


def _impossible(smiles: str) -> tuple[Chem.Mol | None, list[int]]:
    """A graph that RDKit can write but not accept, and its atoms at fault."""
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles, sanitize=False) if smiles and not overlong(smiles) else None
        if mol is None or not mol.GetNumAtoms():
            return None, []
        try:
            faults = {atom for problem in Chem.DetectChemistryProblems(mol) for atom in atoms_of(problem)}
        except RuntimeError:  # a valence beyond what RDKit counts
            return None, []
        mol.UpdatePropertyCache(strict=False)
        Chem.FastFindRings(mol)
        rdDepictor.Compute2DCoords(mol)
    return mol, sorted(faults)
