"""Prefixes of molecules: a SMILES, closed or left open, as the productions that a decoder goes on from.

What is left open (branches, ring labels, a trailing bond) is held by dummy atoms while RDKit reads the molecule
and spells it in Kekulé form, many times over. A spelling gives a prefix when the atom to grow from comes last
and the open branches end right behind it.
"""

from __future__ import annotations

import re

from rdkit import Chem, rdBase

from grammar_rae.chemistry.smiles import overlong
from grammar_rae.chemistry.tokens import TOKEN
from grammar_rae.errors import DataError, ParseError, excerpt, option
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.parsing.parser import parse_prefix

SPELLINGS = 2000
NAMES = {"atom": "atoms", "bond": "bonds", "ring": "ring labels", "other": "brackets"}  # groups of TOKEN
GROW, BRANCH, RING = "[1*]", "[2*]", "[3*]"
_OPEN = re.compile(r"(?P<prefix>.*)\[1\*\](\)\[2\*\])*", re.DOTALL)


def spellings(start: str) -> list[str]:
    """Kekulé SMILES that begin like `start` and stop at the atom to grow from, shortest first.

    DataError where there is none.
    """
    if long := overlong(start):
        raise DataError(f"{option('start')} {excerpt(start)[0]}: {long}")
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(_closed(start) or "refused")
        if molecule is None:
            raise DataError(
                f"{option('start')} {excerpt(start)[0]}: not the beginning of a molecule that can grow at its last "
                "atom; expected SMILES such as c1ccccc1C(=O)N; branches, rings that are not aromatic and a last bond "
                "may be left open"
            )
        Chem.Kekulize(molecule, clearAromaticFlags=True)
        spelled = Chem.MolToRandomSmilesVect(molecule, SPELLINGS, randomSeed=1, kekuleSmiles=True)
    prefixes = {prefix for prefix in map(_prefix, spelled) if prefix is not None}
    if not prefixes:
        raise DataError(
            f"{option('start')} {excerpt(start)[0]}: no spelling of it ends at the atom to grow from; end it on "
            "another atom"
        )
    return sorted(prefixes, key=lambda prefix: (len(prefix), prefix))


def prefix_productions(grammar: Grammar, prefix: str) -> list[int]:
    """The productions that write a prefix. ParseError where no SMILES of the grammar begins like that.

    GrammarError where the grammar is not LL(1).
    """
    try:
        productions: list[int] = parse_prefix(grammar, prefix).tolist()
    except ParseError as error:
        raise ParseError(f"{option('start')}: {_refusal(grammar, prefix, error.position)}") from None
    return productions


def _refusal(grammar: Grammar, prefix: str, position: int) -> str:
    """What the grammar lacks: a token of the prefix, or a way on at a position."""
    for match in TOKEN.finditer(prefix):
        if match[0] not in grammar.terminal_index:
            return f"{match[0]!r} is not among the model's {NAMES[str(match.lastgroup)]}; give a beginning without it"
    token = TOKEN.match(prefix, position)
    return (
        f"the model's grammar has no {token[0] if token else prefix[position:]!r} after {prefix[:position]!r}"
    )


def _closed(start: str) -> str:
    """The text with dummy atoms in place of what is left open; empty where it is not made of SMILES tokens."""
    tokens = [match[0] for match in TOKEN.finditer(start)]
    if not tokens or "".join(tokens) != start:
        return ""
    open_rings: dict[str, int] = {}  # label → its token
    for i, token in enumerate(tokens):
        if token[0] in "0123456789%" and open_rings.pop(token, None) is None:
            open_rings[token] = i
    for i in open_rings.values():
        tokens[i] = f"({RING})"
    depth = tokens.count("(") - tokens.count(")")
    return "".join(tokens) + GROW + f"){BRANCH}" * depth


def _prefix(spelling: str) -> str | None:
    """What a spelling writes before the place to grow; None where something else is still to come."""
    match = _OPEN.fullmatch(spelling)
    if match is None or GROW in match["prefix"] or BRANCH in match["prefix"]:
        return None
    outside = re.sub(r"\[.*?\]", "", match["prefix"])  # digits in brackets are no ring labels
    label = max((int(text.strip("%")) for text in re.findall(r"%\d\d|\d", outside)), default=0)
    prefix = ""
    for part in re.split(r"(\(\[3\*\]\))", match["prefix"]):
        if part == f"({RING})":
            if prefix.endswith(")"):
                return None
            label += 1
            part = str(label) if label < 10 else f"%{label}"
        prefix += part
    return None if RING in prefix else prefix
