"""The one shape of our SMILES grammars: LL(1), right-recursive, one production a token.

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
Tokens = Mapping[str, Set[str]]  # kind (a group of TOKEN) → the tokens of that kind


def kind_of(token: str) -> str | None:
    """atom, bond, ring or other; None where it is no single SMILES token."""
    match = TOKEN.fullmatch(token)
    return None if match is None else match.lastgroup


def rules(tokens: Tokens) -> list[str]:
    """Every production over an alphabet, one a line, tokens by length and then by spelling."""
    atoms, bonds, rings = (sorted(tokens[k], key=lambda t: (len(t), t)) for k in ("atom", "bond", "ring"))

    def each(lhs: str, tokens: list[str], rest: str) -> list[str]:
        return [f"{lhs} -> '{token}' {rest}" for token in tokens]

    branch = ["'(' first ')' cont"] if tokens["other"] else []
    found = [
        *each("mol", atoms, "tail"),
        *each("tail", rings, "tail"),
        *(f"tail -> {b}" for b in branch),
        *each("tail", bonds, "bonded"),
        *each("tail", atoms, "tail"),
        "tail -> ",
    ]
    if branch:
        found += [
            *each("first", atoms, "tail"),
            *each("first", bonds, "bonded"),
            *each("cont", atoms, "tail"),
            *each("cont", bonds, "bonded"),
            *(f"cont -> {b}" for b in branch),
        ]
    return found + (each("bonded", atoms, "tail") if bonds else [])
