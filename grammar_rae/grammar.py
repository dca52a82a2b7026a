"""Context-free grammars from files, checked when read, compiled into tables.

One production pads derivations to a common length; it is appended where the file names none. Dead productions are
kept only for their number: masked everywhere and exempt from the checks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grammar_rae.defects import find_defects
from grammar_rae.errors import GrammarError
from grammar_rae.notation import Nonterminal, Production, read_notation

BIG = 1 << 30
PADDING = "Nothing"
SHIPPED = next(
    p for p in (Path(__file__).parent / "grammars", Path(__file__).parent.parent / "grammars") if p.is_dir()
)

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Tables:
    """R productions, N nonterminals, K children at most. Steps count productions of a leftmost derivation."""

    lhs: Ints  # (R,) nonterminal rewritten
    children: Ints  # (R, K) nonterminals on the right, left to right, −1 beyond `arity`
    arity: Ints  # (R,)
    need: Ints  # (N,) least steps that finish a nonterminal; BIG where it derives nothing
    delta: Ints  # (R,) need of the children less need of the left side; BIG for dead ones
    column: Ints  # (R,) output column
    columns: int
    dead: NDArray[np.bool_]  # (R,)
    pad: int
    start: int


class Grammar:
    """Productions in the order of the file, and everything that follows from them alone."""

    def __init__(
        self, text: str, name: str, productions: list[Production], pad: int, dead: frozenset[int]
    ) -> None:
        self.text = text
        self.name = name
        self.productions = tuple(productions)
        self.pad = pad
        self.dead = dead
        self.nonterminals = tuple(dict.fromkeys(p.lhs.name for p in productions))
        self.terminals = tuple(
            dict.fromkeys(
                s for i, p in enumerate(productions) if i != pad for s in p.rhs if isinstance(s, str)
            )
        )
        first = next(p for i, p in enumerate(productions) if i != pad and i not in dead)
        self.start = self.nonterminals.index(first.lhs.name)

    @classmethod
    def read(cls, name: str | Path) -> Grammar:
        """A file, or one of the shipped grammars by name. GrammarError names every defect and its line."""
        path = Path(name)
        if not path.is_file():
            path = next((SHIPPED / n for n in (str(name), f"{name}.cfg") if (SHIPPED / n).is_file()), path)
        if not path.is_file():
            there = ", ".join(sorted(p.name for p in SHIPPED.glob("*.cfg")))
            raise GrammarError(f"no grammar {name}: expected a file, or one of {there}")
        try:
            return cls.parse(path.read_text(encoding="utf-8"), path.name)
        except UnicodeDecodeError:
            raise GrammarError(
                f"{path} is not a text file in UTF-8; expected rules such as S -> 'a' S | 'b'"
            ) from None

    @classmethod
    def parse(cls, text: str, name: str = "grammar") -> Grammar:
        """A grammar from its text; GrammarError lists every defect with its line."""
        notation = read_notation(text)
        defects = notation.defects or find_defects(notation.rules, notation.pad, notation.dead)
        if defects:
            raise GrammarError(f"{name}: " + "\n".join(defects))
        productions = [rule.production for rule in notation.rules]
        if notation.pad is None:
            productions.append(_padding(productions))
        pad = len(productions) - 1 if notation.pad is None else notation.pad
        return cls(text, name, productions, pad, notation.dead)

    def __repr__(self) -> str:
        return f"Grammar({self.name}: {len(self.productions)} productions, {len(self.terminals)} terminals)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grammar) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    @cached_property
    def index(self) -> dict[str, int]:
        """Nonterminal → number."""
        return {name: i for i, name in enumerate(self.nonterminals)}

    @cached_property
    def tables(self) -> Tables:
        """The compiled form."""
        rows = [self._children(i) for i in range(len(self.productions))]
        lhs = np.array([self.index[p.lhs.name] for p in self.productions])
        dead = np.isin(np.arange(len(rows)), list(self.dead))
        width = max(map(len, rows), default=0)
        children = np.array([row + [-1] * (width - len(row)) for row in rows]).reshape(len(rows), width)
        need = self._need(rows, lhs)
        delta = np.array(
            [
                0
                if i == self.pad
                else BIG
                if dead[i]
                else min(sum(int(need[c]) for c in row) - int(need[left]), BIG)
                for i, (row, left) in enumerate(zip(rows, lhs, strict=True))
            ]
        )
        column = self._columns()
        arity = np.array([len(row) for row in rows])
        return Tables(
            lhs, children, arity, need, delta, column, int(column.max()) + 1, dead, self.pad, self.start
        )

    def _children(self, i: int) -> list[int]:
        if i == self.pad or i in self.dead:
            return []
        return [self.index[s.name] for s in self.productions[i].rhs if isinstance(s, Nonterminal)]

    def _need(self, rows: list[list[int]], lhs: Ints) -> Ints:
        """Least fixed point of need[A] = 1 + least sum over A's productions (Knuth 1977)."""
        need = np.full(len(self.nonterminals), BIG)
        need[lhs[self.pad]] = 0
        changed = True
        while changed:
            changed = False
            for i, row in enumerate(rows):
                if i == self.pad or i in self.dead:
                    continue
                total = 1 + sum(int(need[c]) for c in row)
                if total < need[lhs[i]]:
                    need[lhs[i]], changed = total, True
        return need

    def _columns(self) -> Ints:
        """One column a terminal where all productions begin with one, no two of a nonterminal alike."""
        live = [i for i in range(len(self.productions)) if i != self.pad and i not in self.dead]
        firsts = {i: self.productions[i].rhs[0] if self.productions[i].rhs else "" for i in live}
        keys = [(self.productions[i].lhs, first) for i, first in firsts.items()]
        if (
            self.dead
            or len(set(keys)) < len(keys)
            or any(isinstance(f, Nonterminal) for f in firsts.values())
        ):
            return np.arange(len(self.productions))
        numbers = {first: n for n, first in enumerate(dict.fromkeys(firsts.values()))}
        return np.array(
            [numbers[firsts[i]] if i in firsts else len(numbers) for i in range(len(self.productions))]
        )


def _padding(productions: list[Production]) -> Production:
    """A padding production whose left side none of the others has."""
    taken = {production.lhs.name for production in productions}
    names = [PADDING, *(f"{PADDING}{i}" for i in range(len(taken)))]
    lhs = next(name for name in names if name not in taken)
    return Production(Nonterminal(lhs), (Nonterminal("None"),))
