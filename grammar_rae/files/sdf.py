"""Molecules of an SD file read as SMILES, one record at a time, and written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from rdkit import Chem, rdBase

from grammar_rae.errors import DataError, excerpt
from grammar_rae.files.lines import lines
from grammar_rae.files.rows import Row
from grammar_rae.limits.lengths import too_long

END = "M  END"  # of the atoms and bonds; data follow, which do not count
MOST_LINES = 100_000  # of a record's atoms and bonds
MOST_ATOMS = 10_000  # RDKit's searches overflow the stack at twice as many
COUNTS = re.compile(r"M  V30 COUNTS +(\d+)")


def molecules(path: str | Path) -> Iterator[Row]:
    """A row each record: the line where it begins, its SMILES, or its title and why there is no molecule.

    Records end with `$$$$`; what stands behind the last of these is one too, unless it is blank.
    """
    record: list[str] = []
    begins, ended, blank = 1, False, True
    for number, line, _ in lines(path):
        if line.strip() == "$$$$":
            yield _read(begins, record)
            record, begins, ended, blank = [], number + 1, False, True
            continue
        blank = blank and not line.strip()
        if not ended and len(record) < MOST_LINES:
            record.append(line)
            ended = line.startswith(END)
    if not blank:
        yield _read(begins, record)


def _read(line: int, record: list[str]) -> Row:
    """The row of the record that begins at a line."""
    text = "".join(record).replace("\r\n", "\n").replace("\r", "\n")
    declared = COUNTS.search(text)
    if declared is not None and len(declared[1]) > 4 and int(declared[1][:9]) > MOST_ATOMS:
        return Row(line, excerpt(record[0].strip())[0], f"more than {MOST_ATOMS:,} atoms")
    with rdBase.BlockLogs():
        mol = Chem.MolFromMolBlock(text)
    if mol is None or not mol.GetNumAtoms():
        title = excerpt(record[0].strip())[0] if record else ""
        return Row(line, title, "not a molecule RDKit can read" if record else "an empty record")
    return Row(line, Chem.MolToSmiles(mol))


def written(table: pd.DataFrame) -> str:
    """An SD file of a table: SMILES in the first column, the others become data. DataError: bad SMILES."""
    name, *others = table.columns
    parts = []
    for row, values in enumerate(table.to_dict("records"), 1):
        text = str(values[name])
        with rdBase.BlockLogs():
            mol = None if too_long(text) else Chem.MolFromSmiles(text)
        if mol is None:
            raise DataError(
                f"row {row}: {excerpt(text)[0]!r} is not a molecule; write .csv or .smi instead of .sdf"
            )
        data = "".join(f">  <{other}>\n{values[other]}\n\n" for other in others)
        parts.append(f"{Chem.MolToMolBlock(mol)}{data}$$$$\n")
    return "".join(parts)
