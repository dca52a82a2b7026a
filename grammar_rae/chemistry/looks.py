"""What looks like SMILES, whether or not it is a molecule, and what stands behind it."""

from __future__ import annotations

import re

_WORDS = re.compile(r"(?:\[[^\[\]\s]+\]|Br|Cl|[BCNOPSFIbcnops*]|->|<-|[-=#$:/\\~.()]|%\d\d|%\(\d{1,5}\)|\d)+")
_ATOM = re.compile(r"\[|[A-Za-z*]")


def looks_like_smiles(text: str) -> bool:
    """Whether a string, up to its first blank, is made of nothing but the words of SMILES, an atom among them."""
    words = text.split(None, 1)
    return bool(words) and _WORDS.fullmatch(words[0]) is not None and _ATOM.search(words[0]) is not None


def parts(text: str) -> tuple[str, str]:
    """The SMILES of a string without blanks around it and the name behind it, and its extension of CXSMILES, if any.

    What follows a blank and looks like SMILES is no name: it stays, and makes the string no molecule.
    """
    words = text.split(None, 1)
    if len(words) < 2:
        return "".join(words), ""
    if words[1].startswith("|"):
        return words[0], words[1]
    return text.strip() if looks_like_smiles(words[1]) else words[0], ""


def bare(text: str) -> str:
    """The SMILES of a string, as `parts`."""
    return parts(text)[0]
