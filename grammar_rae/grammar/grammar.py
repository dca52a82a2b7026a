"""Context-free grammars from files, checked when read, compiled into tables.

One production pads derivations to a common length; it is appended where the file names none. Dead productions are
kept only for their number: masked everywhere and exempt from the checks.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from os.path import isfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grammar_rae.errors import GrammarError, nearest, shown_name
from grammar_rae.grammar.analysis import shortest
from grammar_rae.grammar.checks import find_defects
from grammar_rae.grammar.notation import Nonterminal, Production, read_notation

BIG = 1 << 30  # steps: more than any derivation takes
PADDING = "Nothing"
MOST_TEXT = 1 << 26  # bytes of a grammar file

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Tables:
    """R productions, N nonterminals, K children at most. Steps count productions of a leftmost derivation."""

    lhs: Ints  # (R,) nonterminal rewritten
    symbols: (
        Ints  # (M,) right sides in a row: terminal v ≥ 0, nonterminal −2 − a; none of padding and dead ones
    )
    bounds: Ints  # (R + 1,) where each right side begins in `symbols`
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
    """Productions in the order of the file, and everything that follows from them alone.

    text: what was read; grammars of one text are equal
    name: of the file, for messages
    productions: R, the padding production `pad` and the `dead` ones among them
    live: the numbers of the others
    nonterminals, terminals: N and V, in the order of their first production
    start: the number of the start symbol, the left side of the first live production where none is given
    """

    def __init__(
        self,
        text: str,
        name: str,
        productions: Sequence[Production],
        pad: int,
        dead: frozenset[int],
        start: Nonterminal | None = None,
    ) -> None:
        self.text = text
        self.name = name
        self.productions = tuple(productions)
        self.pad = pad
        self.dead = dead
        self.live = tuple(r for r in range(len(productions)) if r != pad and r not in dead)
        self.nonterminals = tuple(dict.fromkeys(p.lhs.name for p in productions))
        written = [p for r, p in enumerate(productions) if r != pad]
        self.terminals = tuple(dict.fromkeys(s for p in written for s in p.rhs if isinstance(s, str)))
        self.start = self.index[(start or self.productions[self.live[0]].lhs).name]

    @classmethod
    def read(cls, name: str | Path) -> Grammar:
        """A file, or one of the shipped grammars by name. GrammarError names every defect and its line."""
        path = Path(name)
        if not isfile(path):  # also of names that are too long for a file, or cannot be one
            path = shipped().get(str(name)) or shipped().get(f"{name}.cfg") or path
        if not isfile(path):
            near = nearest(path.stem, [Path(known).stem for known in shipped()])
            raise GrammarError(f"no grammar {shown_name(name)}: expected a file or a shipped grammar; {near}")
        if path.stat().st_size > MOST_TEXT:
            raise GrammarError(
                f"{path}: {path.stat().st_size:,} bytes; expected a grammar of at most {MOST_TEXT:,}"
            )
        try:
            return cls.parse(path.read_text(encoding=_encoding(path)), path.name)
        except UnicodeError:
            raise GrammarError(
                f"{path} is not a text file in UTF-8; save it as one, with rules such as S -> 'a' S | 'b'"
            ) from None

    @classmethod
    def parse(cls, text: str, name: str = "grammar") -> Grammar:
        """A grammar from its text; GrammarError lists every defect with its line."""
        notation = read_notation(text)
        defects = notation.defects or find_defects(notation)
        if defects:
            raise GrammarError(f"{name}: " + "\n".join(defects))
        productions = [rule.production for rule in notation.rules]
        if notation.pad is None:
            productions.append(_padding(productions))
        pad = len(productions) - 1 if notation.pad is None else notation.pad
        return cls(text, name, productions, pad, notation.dead, notation.start)

    def __repr__(self) -> str:
        return f"Grammar({self.name}: {len(self.productions)} productions, {len(self.terminals)} terminals)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grammar) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    @cached_property
    def index(self) -> dict[str, int]:
        """Nonterminal → number."""
        return {name: a for a, name in enumerate(self.nonterminals)}

    @cached_property
    def terminal_index(self) -> dict[str, int]:
        """Terminal → number."""
        return {terminal: v for v, terminal in enumerate(self.terminals)}

    @cached_property
    def tables(self) -> Tables:
        """The compiled form."""
        lhs = np.array([self.index[p.lhs.name] for p in self.productions])
        sides = [self._encoded(r) for r in range(len(self.productions))]
        children = [[-2 - symbol for symbol in side if symbol < 0] for side in sides]
        table = np.full((len(children), max(map(len, children))), -1)
        for row, own in zip(table, children, strict=True):
            row[: len(own)] = own
        need = self._need(children, lhs)
        column = self._columns()
        return Tables(
            lhs=lhs,
            symbols=np.array([symbol for side in sides for symbol in side], np.int64),
            bounds=np.cumsum([0, *map(len, sides)]),
            children=table,
            arity=np.array([len(row) for row in children]),
            need=need,
            delta=self._delta(children, lhs, need),
            column=column,
            columns=int(column.max()) + 1,
            dead=np.isin(np.arange(len(sides)), list(self.dead)),
            pad=self.pad,
            start=self.start,
        )

    def _encoded(self, r: int) -> list[int]:
        """The right side of a production as `Tables.symbols` has it."""
        if r == self.pad or r in self.dead:
            return []
        return [
            -2 - self.index[symbol.name] if isinstance(symbol, Nonterminal) else self.terminal_index[symbol]
            for symbol in self.productions[r].rhs
        ]

    def _need(self, children: list[list[int]], lhs: Ints) -> Ints:
        """Least steps that finish each nonterminal."""
        rules = [(int(lhs[r]), children[r]) for r in self.live]
        need = np.array(
            [BIG if steps is None else steps for steps in shortest(rules, len(self.nonterminals))]
        )
        need[lhs[self.pad]] = 0
        return need

    def _delta(self, children: list[list[int]], lhs: Ints, need: Ints) -> Ints:
        delta = np.full(len(children), BIG)
        delta[self.pad] = 0
        for r in self.live:
            delta[r] = min(sum(int(need[a]) for a in children[r]) - int(need[lhs[r]]), BIG)
        return delta

    def _columns(self) -> Ints:
        """One column a terminal where all productions begin with one, no two of a nonterminal alike."""
        firsts = {r: self.productions[r].rhs[0] if self.productions[r].rhs else "" for r in self.live}
        keys = {(self.productions[r].lhs, first) for r, first in firsts.items()}
        begin_with_terminals = all(isinstance(first, str) for first in firsts.values())
        if self.dead or len(keys) < len(firsts) or not begin_with_terminals:
            return np.arange(len(self.productions))
        numbers = {first: n for n, first in enumerate(dict.fromkeys(firsts.values()))}
        return np.array(
            [numbers[firsts[r]] if r in firsts else len(numbers) for r in range(len(self.productions))]
        )


@cache
def shipped() -> dict[str, Path]:
    """Grammars that come with the package, by the names of their files: in it, or beside it in a checkout."""
    package = Path(str(resources.files("grammar_rae")))
    folder = package / "grammars" if (package / "grammars").is_dir() else package.parent / "grammars"
    return {path.name: path for path in sorted(folder.glob("*.cfg"))}


def _encoding(path: Path) -> str:
    """What a text file is written in: UTF-8, unless a mark says UTF-16, as some editors and shells write."""
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _padding(productions: Sequence[Production]) -> Production:
    """A padding production whose left side none of the others has."""
    taken = {production.lhs.name for production in productions}
    names = [PADDING, *(f"{PADDING}{i}" for i in range(len(taken)))]
    lhs = next(name for name in names if name not in taken)
    return Production(Nonterminal(lhs), (Nonterminal("None"),))
