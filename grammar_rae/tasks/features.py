"""What strings are made of, counted: (n, 2,049) features that a surrogate compares strings by.

The last column is 1 for strings that are not read, all alike and like nothing else; no row is zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from grammar_rae.chemistry.fingerprints import BITS as BINS
from grammar_rae.chemistry.fingerprints import morgan
from grammar_rae.chemistry.smiles import molecule
from grammar_rae.grammar.parsing.parser import parse_known

if TYPE_CHECKING:
    from grammar_rae.grammar.grammar import Grammar


def of_strings(grammar: Grammar | None) -> Callable[[Sequence[str]], np.ndarray]:
    """What strings that a grammar derives are compared by, or strings of no grammar."""
    return letters if grammar is None else partial(places, grammar=grammar)


def fragments(smiles: Sequence[str]) -> np.ndarray:
    """Morgan counts of radius 2 (ECFC4; Rogers and Hahn, 2010), folded."""
    counts = np.zeros((len(smiles), BINS + 1))
    for row, text in zip(counts, smiles, strict=True):
        read = molecule(text)
        if read is None or not read.GetNumAtoms():
            row[BINS] = 1
        else:
            row[:BINS] = morgan().GetCountFingerprintAsNumPy(read)
    return counts


def places(strings: Sequence[str], grammar: Grammar) -> np.ndarray:
    """Which production stands at which place of the derivation tree, a place being the way there from the root by
    the children's numbers; hashed.
    """
    tables = grammar.tables
    rows, known, _ = parse_known(grammar, strings)
    features = np.zeros((len(strings), BINS + 1))
    features[:, BINS] = 1
    features[known, BINS] = 0
    for item, row in zip(known, rows, strict=True):
        counts, open_places = features[item], [0]
        for rule in row[row != tables.pad].tolist():
            place = open_places.pop()
            counts[crc32(rule.to_bytes(2, "little"), place) % BINS] += 1
            children = range(int(tables.arity[rule]))
            open_places += [crc32(child.to_bytes(2, "little"), place) for child in reversed(children)]
    return features


def letters(strings: Sequence[str]) -> np.ndarray:
    """Runs of one, two and three characters, hashed: what is left where there is no grammar."""
    features = np.zeros((len(strings), BINS + 1))
    for counts, text in zip(features, strings, strict=True):
        counts[BINS] = not text
        for size in (1, 2, 3):
            for start in range(len(text) - size + 1):
                counts[crc32(text[start : start + size].encode()) % BINS] += 1
    return features
