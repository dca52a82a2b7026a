"""A grammar as tables: its rules, its nonterminals, its size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from grammar_rae.grammar.counting import counts
from grammar_rae.grammar.grammar import BIG, Grammar
from grammar_rae.limits.ranges import within


def rules(grammar: Grammar) -> pd.DataFrame:
    """One row a production: its number, itself, and what it is kept for."""
    notes = dict.fromkeys(grammar.dead, "dead") | {grammar.pad: "padding"}
    rows = [(r, str(production), notes.get(r, "")) for r, production in enumerate(grammar.productions)]
    return pd.DataFrame(rows, columns=["number", "production", "note"]).set_index("number")


def nonterminals(grammar: Grammar) -> pd.DataFrame:
    """One row a nonterminal, but for that of padding: the number of its productions, the least steps that finish it."""
    tables = grammar.tables
    numbers = np.bincount(tables.lhs)
    rows = [
        (name, int(numbers[a]), int(tables.need[a]))
        for a, name in enumerate(grammar.nonterminals)
        if tables.need[a] < BIG and a != tables.lhs[grammar.pad]
    ]
    return pd.DataFrame(rows, columns=["nonterminal", "productions", "shortest"]).set_index("nonterminal")


def describe(grammar: Grammar, steps: int = 15) -> dict[str, Any]:
    """Sizes, and for every s up to `steps` the number of derivations of exactly s productions where there are any."""
    within(max_steps=steps)
    sizes: dict[str, Any] = {
        "productions": len(grammar.productions),
        "nonterminals": len(grammar.nonterminals) - 1,
        "terminals": len(grammar.terminals),
        "output_columns": grammar.tables.columns,
        "shortest_derivation": int(grammar.tables.need[grammar.start]),
    }
    return sizes | {f"derivations_of_{s}_steps": n for s, n in enumerate(counts(grammar, steps)) if n}
