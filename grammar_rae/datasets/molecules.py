"""Molecule collections. Strings are as published; `chemistry.smiles.kekules` prepares them for a grammar."""

from __future__ import annotations

import json
from pathlib import Path

from rdkit import RDConfig

from grammar_rae.chemistry.diagnosis import reason
from grammar_rae.chemistry.smiles import canonicals
from grammar_rae.datasets.dataset import Dataset, last_tenth, shuffled
from grammar_rae.datasets.sources import content, locate, present
from grammar_rae.errors import DataError
from grammar_rae.files.tables import Reject

ZINC = "zinc250k/250k_rndm_zinc_drugs_clean.smi.gz"
ZINC_GRAPHS = "zinc250k/valid_idx_zinc.json"
MOSES_TRAIN = "moses/train.smi.gz"
MOSES = "moses/test.smi.gz"
MOSES_SCAFFOLDS = "moses/test_scaffolds.smi.gz"
QM9 = "qm9/qm9.smi.gz"
CHEMBL = "chembl/chembl22_bioactive_unique.smi.gz"
ZINC_TEST = 5_000  # first lines of ZINC250k, never trained on (grammar VAE and junction tree VAE)


def zinc250k() -> Dataset[str]:
    """249,456 drug-like molecules: the first 5,000 test, the last 10 % of the rest validate.

    This function, and every one of a published set, raises DataError where its file is not to be had.
    """
    lines = _lines(ZINC)
    train, valid = last_tenth(lines[ZINC_TEST:])
    return Dataset("zinc250k", train, valid, lines[:ZINC_TEST], "molecules")


def nci() -> Dataset[str]:
    """The 4,999 NCI molecules in RDKit, 4,991 of them readable; 10 % validate, 10 % test. No download.

    DataError where this RDKit was built without its data.
    """
    path = Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi"
    if not path.exists():
        raise DataError(
            f"{path} is not there; this RDKit was built without its data, install the rdkit wheel"
        )
    rows = [line.split()[0] for line in path.read_text().splitlines() if line.strip()]
    kept, rejected = [], []
    for number, (text, name) in enumerate(zip(rows, canonicals(rows), strict=True), 1):
        if name is None:
            rejected.append(Reject(number, text, reason(text) or "not a molecule"))
        else:
            kept.append(text)
    return Dataset("nci", *shuffled(kept, test=0.1), "molecules", rejected)


def zinc250k_graphs() -> Dataset[str]:
    """ZINC250k as models of graphs split it (CGVAE, MoFlow, GDSS and since): 24,887 test, 2 % of the rest validate.

    The published numbers are rows of a table of 249,455 molecules, one fewer than the list has.
    """
    lines, tested = _lines(ZINC), set(json.loads(content(locate(ZINC_GRAPHS))))
    rest = [line for place, line in enumerate(lines) if place not in tested]
    train, valid, _ = shuffled(rest, test=0.0, valid=0.02)
    return Dataset("zinc250k_graphs", train, valid, [lines[place] for place in sorted(tested)], "molecules")


def moses() -> Dataset[str]:
    """MOSES: 176,074 molecules test; of its 1,584,663 training molecules 1 % validate, none where their file is absent.

    That file is not downloaded; the test split alone is enough to compare with.
    """
    given = _lines(MOSES_TRAIN) if present(MOSES_TRAIN) else []
    train, valid, _ = shuffled(given, test=0.0, valid=0.01)
    return Dataset("moses", train, valid, _lines(MOSES), "molecules")


def moses_scaffolds() -> Dataset[str]:
    """MOSES: its scaffold split, molecules whose scaffolds are in no other split."""
    return Dataset("moses_scaffolds", [], [], _lines(MOSES_SCAFFOLDS), "molecules")


def qm9() -> Dataset[str]:
    """QM9: 132,040 molecules of up to nine heavy atoms; 10 % validate, 10 % test."""
    return Dataset("qm9", *shuffled(_lines(QM9), test=0.1), "molecules")


def chembl() -> Dataset[str]:
    """342,869 bioactive molecules of ChEMBL 22, up to 1,782 characters; 10 % validate, 10 % test."""
    return Dataset("chembl", *shuffled(_lines(CHEMBL), test=0.1), "molecules")


def _lines(name: str) -> list[str]:
    """The lines of a published file. DataError where it is not to be had."""
    return content(locate(name)).decode().splitlines()
