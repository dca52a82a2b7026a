"""Molecules of an SD file read as SMILES, one record at a time, and written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import pandas as pd
from rdkit import Chem, rdBase

from grammar_rae.errors import DataError


def molecules(stream: IO[str]) -> Iterator[tuple[int, str, str | None]]:
    """(line where a record begins, SMILES or title, problem or None) of each record that ends with `$$$$`."""
    record: list[str] = []
    begins = 1
    for number, line in enumerate(stream, 1):
        if line.strip() != "$$$$":
            record.append(line)
            continue
        yield _read(begins, record)
        record, begins = [], number + 1
    if any(line.strip() for line in record):
        yield _read(begins, record)


def _read(line: int, record: list[str]) -> tuple[int, str, str | None]:
    """(line, SMILES or title, problem or None) of the record that begins at a line."""
    with rdBase.BlockLogs():
        mol = Chem.MolFromMolBlock("".join(record).replace("\r\n", "\n"))
    if mol is None or not mol.GetNumAtoms():
        return line, record[0].strip() if record else "", "not a molecule RDKit can read"
    return line, Chem.MolToSmiles(mol), None


def written(table: pd.DataFrame) -> str:
    """An SD file of a table: SMILES in the first column, the others become data. DataError: bad SMILES."""
    name, *others = table.columns
    parts = []
    for row, values in enumerate(table.to_dict("records"), 1):
        with rdBase.BlockLogs():
            mol = Chem.MolFromSmiles(str(values[name]))
        if mol is None:
            raise DataError(
                f"row {row}: {values[name]!r} is not a molecule; write .csv or .smi instead of .sdf"
            )
        data = "".join(f">  <{other}>\n{values[other]}\n\n" for other in others)
        parts.append(f"{Chem.MolToMolBlock(mol)}{data}$$$$\n")
    return "".join(parts)
