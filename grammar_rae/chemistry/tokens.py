"""The tokens of SMILES, and the one shape of our SMILES grammars: LL(1), right-recursive, one production a token.

`mol`: a molecule · `tail`: what may follow an atom · `first`: the beginning of a branch · `cont`: what must
follow a branch · `bonded`: what must follow a bond. A ring label stands directly after its atom, a branch is
always followed by something, and a bond comes before an atom; the last two hold for every canonical SMILES
that RDKit writes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set

TOKEN = re.compile(
    r"(?P<atom>\[[^\[\]]+\]|Br|Cl|[A-Za-z*])|(?P<bond>[-=#$:/\\~])|(?P<ring>%\d\d|\d)|(?P<other>[()])"
)
BONDS = frozenset("-=#/\\")  # those that our grammars have: of order 1, 2 or 3
Tokens = Mapping[str, Set[str]]  # kind (a group of TOKEN) → the tokens of that kind


def kind_of(token: str) -> str | None:
    """atom, bond, ring or other; None where it is no single SMILES token."""
    match = TOKEN.fullmatch(token)
    return None if match is None else match.lastgroup


def foreign(smiles: str) -> int | None:
    """The first character of a SMILES that our grammars have no token for, from 0; None where they have them all."""
    end = 0
    for match in TOKEN.finditer(smiles):
        if match.start() != end or (match.lastgroup == "bond" and match[0] not in BONDS):
            return end
        end = match.end()
    return end if end < len(smiles) else None


def smiles_rules(tokens: Tokens) -> list[str]:
    """Every production over an alphabet, one a line, tokens by length and then by spelling."""
    atoms, bonds, rings = (sorted(tokens[k], key=lambda t: (len(t), t)) for k in ("atom", "bond", "ring"))
    branch = "'(' first ')' cont"
    lines = [*_each("mol", atoms, "tail"), *_each("tail", rings, "tail")]
    if tokens["other"]:
        lines.append(f"tail -> {branch}")
    lines += [*_each("tail", bonds, "bonded"), *_each("tail", atoms, "tail"), "tail -> "]
    if tokens["other"]:
        lines += [*_each("first", atoms, "tail"), *_each("first", bonds, "bonded")]
        lines += [*_each("cont", atoms, "tail"), *_each("cont", bonds, "bonded"), f"cont -> {branch}"]
    return lines + (_each("bonded", atoms, "tail") if bonds else [])


def _each(lhs: str, tokens: list[str], rest: str) -> list[str]:
    """A production for every token."""
    return [f"{lhs} -> '{token}' {rest}" for token in tokens]
