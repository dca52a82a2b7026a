"""Context-free grammars from files in NLTK's notation, checked when read, compiled into tables.

A comment `#: pad 75` names the padding production (one is appended where none is named), `#: dead 29 31`
productions kept only for their number: masked everywhere and exempt from the checks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from nltk.grammar import CFG, Nonterminal, Production
from numpy.typing import NDArray

from grammar_rae.defects import find_defects
from grammar_rae.errors import GrammarError

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
        self.nonterminals = tuple(dict.fromkeys(str(p.lhs()) for p in productions))
        self.terminals = tuple(
            dict.fromkeys(
                s for i, p in enumerate(productions) if i != pad for s in p.rhs() if isinstance(s, str)
            )
        )
        first = next(p for i, p in enumerate(productions) if i != pad and i not in dead)
        self.start = self.nonterminals.index(str(first.lhs()))

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
        rules, pad, dead, problems = read_rules(text)
        if not problems:
            productions = [rule for rule, _ in rules]
            if pad is None:
                pad = len(productions)
                taken = {str(p.lhs()) for p in productions}
                lhs = next(
                    n for n in [PADDING, *(f"{PADDING}{i}" for i in range(len(taken)))] if n not in taken
                )
                productions.append(Production(Nonterminal(lhs), [Nonterminal("None")]))
            problems = find_defects(rules, pad, dead)
            if not problems:
                return cls(text, name, productions, pad, frozenset(dead))
        raise GrammarError(f"{name}: " + "\n".join(problems))

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
        lhs = np.array([self.index[str(p.lhs())] for p in self.productions])
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
        return [self.index[str(s)] for s in self.productions[i].rhs() if isinstance(s, Nonterminal)]

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
        firsts = {i: self.productions[i].rhs()[0] if self.productions[i].rhs() else "" for i in live}
        keys = [(self.productions[i].lhs(), first) for i, first in firsts.items()]
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


def read_rules(text: str) -> tuple[list[tuple[Production, int]], int | None, set[int], list[str]]:
    """(production, line) in order, the padding and dead numbers of the `#:` lines, and syntax defects."""
    rules: list[tuple[Production, int]] = []
    pad: int | None = None
    dead: set[int] = set()
    problems: list[str] = []
    named: list[tuple[int, int]] = []  # (production, line) of the `#:` lines
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("#:"):
            match = re.fullmatch(r"#:\s*(pad|dead)((?:\s+\d+)+)", stripped)
            values = [int(v) for v in match[2].split()] if match else []
            named += [(value, number) for value in values]
            if match is None or (match[1] == "pad" and len(values) != 1):
                problems.append(f"line {number}: expected «#: pad N» or «#: dead N …», got «{stripped}»")
            elif match[1] == "pad" and pad is not None:
                problems.append(f"line {number}: a second «#: pad», expected one; remove one of them")
            elif match[1] == "pad":
                pad = values[0]
            else:
                dead.update(values)
        elif stripped and not stripped.startswith("#"):
            try:
                found = CFG.fromstring(stripped).productions()
            except ValueError:
                problems.append(
                    f"line {number}: expected a rule such as S -> 'a' S | 'b', got «{stripped[:60]}»"
                )
                continue
            rules += [(production, number) for production in found]
    if not rules and not problems:
        problems.append("line 1: no rules; expected one such as S -> 'a' S | 'b'")
    if not problems:
        problems += [
            f"line {line}: «#:» names production {value}; there are {len(rules)}, counted from 0"
            for value, line in named
            if value >= len(rules)
        ]
        if pad in dead:
            problems.append(
                f"line {named[-1][1]}: production {pad} is named as padding and as dead; choose one"
            )
    return rules, pad, dead, problems
