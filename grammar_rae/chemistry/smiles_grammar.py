"""A grammar for the SMILES of a file: the shape that `tokens` writes down, the alphabet from the data."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from grammar_rae.chemistry.diagnosis import reason
from grammar_rae.chemistry.looks import looks_like_smiles
from grammar_rae.chemistry.smiles import kekules
from grammar_rae.chemistry.tokens import TOKEN, foreign, smiles_rules
from grammar_rae.errors import DataError, excerpt
from grammar_rae.files.atomic import write_bytes
from grammar_rae.files.layout import Reading
from grammar_rae.files.tables import Reject, read, write_rejects
from grammar_rae.grammar.grammar import Grammar

HEADER = """\
# SMILES of the tokens found in {source}: LL(1), one production a token, so that a step is a token.
# mol: a molecule · tail: what may follow an atom · first: the beginning of a branch · cont: what must follow
# a branch · bonded: what must follow a bond. Written by `grammar-rae grammar build`.
"""


def build_grammar(smiles: Iterable[str], source: str = "a file") -> str:
    """The text of the grammar, C and branches always in it.

    DataError names the first string with a character that our grammars have no token for, or says that there is no
    atom in any.
    """
    tokens: dict[str, set[str]] = {"atom": set(), "bond": set(), "ring": set(), "other": set()}
    count = 0
    for count, text in enumerate(smiles, 1):
        place = foreign(text)
        if place is not None:
            raise DataError(f"item {count - 1}: {_unknown(text, place)}")
        for match in TOKEN.finditer(text):
            tokens[str(match.lastgroup)].add(match[0])
    if not tokens["atom"]:
        raise DataError(f"{source}: no atoms in {count} strings; expected SMILES, one a line")
    tokens["atom"].add("C")  # with branches of carbon any molecule can be completed
    tokens["other"] |= {"(", ")"}
    return HEADER.format(source=source) + "\n".join(smiles_rules(tokens)) + "\n"


def write_grammar(path: str | Path, out: str | Path, column: str | None = None) -> dict[str, int]:
    """Write the grammar of a file's molecules, of a table its `column`, in canonical Kekulé form; what went in and what
    did not.

    Rows that are no molecules, or have bonds that our grammars lack, are written to `out`.rejects.csv with their lines.
    DataError where the file cannot be read or `out` not be written.
    """
    items = read(path, column, Reading(looks_like_smiles))
    forms = kekules(items.values)
    molecules, rejected = [], list(items.rejected)
    for text, line, form in zip(items.values, items.lines, forms, strict=True):
        place = None if form is None else foreign(form)
        if form is None:
            rejected.append(Reject(line, text, reason(text) or "does not read back as the same molecule"))
        elif place is not None:
            rejected.append(Reject(line, text, _unknown(form, place)))
        else:
            molecules.append(form)
    if not molecules:
        first = rejected[0]
        raise DataError(
            f"{path}: none of its {len(rejected):,} rows is a molecule to build from; the first: line {first.line}: "
            f"«{excerpt(first.text)[0]}»: {first.reason}"
        )
    rules = build_grammar(molecules, Path(path).name)
    grammar = Grammar.parse(rules, Path(out).name)
    write_bytes(out, rules.encode())
    write_rejects(f"{out}.rejects.csv", rejected)
    return {
        "productions": len(grammar.productions),
        "molecules": len(molecules),
        "rejected": len(rejected),
    }


def _unknown(smiles: str, place: int) -> str:
    return (
        f"{smiles[place]!r} at position {place} is no token of our grammars, "
        f"which know atoms, bonds of order 1 to 3, rings and branches: {excerpt(smiles, place)[0]}"
    )
