"""Beginnings of molecules: a SMILES, closed or left open, as the productions that a decoder goes on from.

What is left open (branches, ring labels, a trailing bond) is held by dummy atoms while RDKit reads the molecule
and spells it in Kekulé form, many times over. A spelling is a beginning when the atom to grow from comes last
and the open branches end right behind it.
"""

from __future__ import annotations

import re

from rdkit import Chem, rdBase

from grammar_rae.errors import DataError, ParseError
from grammar_rae.grammar import Grammar
from grammar_rae.notation import Nonterminal
from grammar_rae.smiles_shape import TOKEN

SPELLINGS = 2000
GROW, BRANCH, RING = "[1*]", "[2*]", "[3*]"
_OPEN = re.compile(r"(?P<written>.*)\[1\*\](\)\[2\*\])*", re.DOTALL)


def spellings(start: str) -> list[str]:
    """Kekulé SMILES that begin like `start` and stop at the atom to grow from. DataError where there is none."""
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(_closed(start) or "refused")
        if molecule is None:
            raise DataError(
                f"--start {start}: not the beginning of a molecule that can grow at its last atom; expected SMILES "
                "such as c1ccccc1C(=O)N; branches, rings that are not aromatic and a last bond may be left open"
            )
        Chem.Kekulize(molecule, clearAromaticFlags=True)
        found = Chem.MolToRandomSmilesVect(molecule, SPELLINGS, randomSeed=1, kekuleSmiles=True)
    written = {text for text in map(_beginning, found) if text is not None}
    if not written:
        raise DataError(
            f"--start {start}: no spelling of it ends at the atom to grow from; end it on another atom"
        )
    return sorted(written, key=lambda text: (len(text), text))


def productions(grammar: Grammar, text: str) -> list[int]:
    """The productions that write `text`, an unfinished string of an LL(1) grammar. ParseError where none do."""
    choice = {
        (p.lhs.name, p.rhs[0] if p.rhs else ""): i
        for i, p in enumerate(grammar.productions)
        if i != grammar.pad
    }
    stack: list[object] = [Nonterminal(grammar.nonterminals[grammar.start])]
    written: list[int] = []
    for match in TOKEN.finditer(text):
        token = match[0]
        while stack and stack[-1] != token:
            top = str(stack[-1])
            chosen = choice.get((top, token), choice.get((top, "")))
            if chosen is None:
                raise ParseError(
                    f"--start: the model's grammar has no {token!r} after {text[: match.start()]!r}"
                )
            written.append(chosen)
            stack[-1:] = reversed(grammar.productions[chosen].rhs)
        if not stack:
            raise ParseError(f"--start: {text!r} ends at {match.start()}, before {token!r}")
        stack.pop()
    return written


def _closed(start: str) -> str:
    """The text with dummy atoms in place of what is left open; empty where it is not made of SMILES tokens."""
    tokens = [match[0] for match in TOKEN.finditer(start)]
    if not tokens or "".join(tokens) != start:
        return ""
    waiting: dict[str, int] = {}
    for place, token in enumerate(tokens):
        if token[0] in "0123456789%" and waiting.pop(token, None) is None:
            waiting[token] = place
    for place in waiting.values():
        tokens[place] = f"({RING})"
    depth = tokens.count("(") - tokens.count(")")
    return "".join(tokens) + GROW + f"){BRANCH}" * depth


def _beginning(spelled: str) -> str | None:
    """What a spelling writes before the place to grow; None where something else is still to come."""
    match = _OPEN.fullmatch(spelled)
    if match is None:
        return None
    written = match["written"]
    if GROW in written or BRANCH in written:
        return None
    text, used = (
        "",
        {int(label.strip("%")) for label in re.findall(r"%\d\d|\d", re.sub(r"\[.*?\]", "", written))},
    )
    label = max(used, default=0)
    for part in re.split(r"(\(\[3\*\]\))", written):
        if part == f"({RING})":
            label += 1
            if text[-1:] == ")":
                return None
            part = str(label) if label < 10 else f"%{label}"
        text += part
    return None if RING in text else text
