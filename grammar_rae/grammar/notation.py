"""The notation of grammars, that of NLTK's `CFG.fromstring`: one rule a line, alternatives between bars.

    # a comment
    #: pad 5
    %start S
    T -> 'c' S
    S -> 'a' S \\
       | "b" | T |
    Nothing -> None

Quoted symbols are terminals, names are nonterminals, nothing after a bar is the empty production, and a line that ends
with a backslash goes on in the next. The start symbol is that of the last `%start`, or the left side of the first rule.
A comment `#: pad 5` names the padding production by its number, `#: dead 29 31` those that are kept for theirs alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from grammar_rae.errors import excerpt
from grammar_rae.grammar.hints import hint


@dataclass(frozen=True, slots=True, repr=False)
class Nonterminal:
    """A symbol that productions rewrite; a terminal is a plain string."""

    name: str

    def __repr__(self) -> str:
        return self.name


Symbol = Nonterminal | str


@dataclass(frozen=True, slots=True, repr=False)
class Production:
    """`lhs` may be rewritten as the symbols `rhs`, which may be none. Prints as it is written in a grammar."""

    lhs: Nonterminal
    rhs: tuple[Symbol, ...]

    def __repr__(self) -> str:
        return f"{self.lhs} -> {' '.join(map(repr, self.rhs))}"


class Rule(NamedTuple):
    """A production and the line of the file, from 1, that it stands in."""

    production: Production
    line: int


@dataclass(frozen=True)
class Notation:
    """What a grammar's text says: its rules in order, the numbers of its `#:` lines, and the lines it gets wrong.

    start: what `%start` names
    """

    rules: list[Rule]
    start: Nonterminal | None
    pad: int | None
    dead: frozenset[int]
    defects: list[str]


class _Note(NamedTuple):
    """A `#:` line."""

    kind: str  # pad or dead
    numbers: tuple[int, ...]
    line: int


# A name keeps all it took (`*+`): in `S->` the arrow belongs to it, as it does for NLTK.
_NAME = r"[\w/][\w/^<>-]*+"
_SYMBOL = re.compile(rf"""("[^"]*"|'[^']*'|\||{_NAME})\s*""")
_RULE = re.compile(rf"(?P<left>{_NAME})\s*->\s*(?P<right>(?:{_SYMBOL.pattern})*+)")
_START = re.compile(rf"%\s*start\s+({_NAME})")
_NOTE = re.compile(r"#:\s*(pad|dead)((?:\s+\d{1,9})+)")


def read_productions(line: str) -> list[Production]:
    """The alternatives of one rule such as S -> 'a' S | 'b', in order. ValueError where it is no rule."""
    if "\0" in line:
        raise ValueError(
            f"a zero byte in «{excerpt(line)[0]}», which no file of strings can hold; take it out"
        )
    rule = _RULE.fullmatch(line.strip())
    if rule is None:
        todo = hint(line.strip())
        raise ValueError(
            f"expected a rule such as S -> 'a' S | 'b', got «{excerpt(line.strip())[0]}»"
            + (todo and f"; {todo}")
        )
    sides: list[list[Symbol]] = [[]]
    for symbol in _SYMBOL.findall(rule["right"]):
        if symbol == "|":
            sides.append([])
        else:
            sides[-1].append(symbol[1:-1] if symbol[0] in "'\"" else Nonterminal(symbol))
    return [Production(Nonterminal(rule["left"]), tuple(side)) for side in sides]


def read_notation(text: str) -> Notation:
    """The whole text, read line by line; what is wrong with it is told in `defects`, each with its line."""
    rules: list[Rule] = []
    notes: list[_Note] = []
    start: tuple[Nonterminal, int] | None = None
    defects: list[str] = []
    for number, line in _lines(text):
        try:
            directive = _START.fullmatch(line)
            if line.startswith("#:"):
                notes.append(_read_note(line, number, notes))
            elif directive is not None:
                start = Nonterminal(directive[1]), number
            elif not line.startswith("#"):
                rules += [Rule(production, number) for production in read_productions(line)]
        except ValueError as error:
            defects.append(f"line {number}: {error}")
    pad = next((note.numbers[0] for note in notes if note.kind == "pad"), None)
    dead = frozenset(value for note in notes if note.kind == "dead" for value in note.numbers)
    if not rules and not defects:
        defects.append("line 1: no rules; expected one such as S -> 'a' S | 'b'")
    if not defects:
        defects = _wrong_numbers(notes, len(rules), pad, dead) + _wrong_start(start, rules, pad, dead)
    return Notation(rules, start and start[0], pad, dead, defects)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that say something, continued ones in one, and the number each begins at, from 1."""
    begun, first = "", 0
    for number, part in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        line = begun + part.strip()
        first = first if begun else number
        begun = ""
        if line.endswith("\\") and not line.startswith("#"):
            begun = line[:-1].rstrip() + " "
        elif line.strip():
            yield first, line
    if begun:
        yield first, begun + "\\"


def _wrong_numbers(notes: list[_Note], count: int, pad: int | None, dead: frozenset[int]) -> list[str]:
    defects = [
        f"line {note.line}: «#:» names production {value}; there are {count}, counted from 0"
        for note in notes
        for value in note.numbers
        if value >= count
    ]
    if pad in dead:
        last = max(note.line for note in notes if pad in note.numbers)
        defects.append(f"line {last}: production {pad} is named as padding and as dead; choose one")
    return defects


def _wrong_start(
    start: tuple[Nonterminal, int] | None, rules: list[Rule], pad: int | None, dead: frozenset[int]
) -> list[str]:
    if start is None or any(
        rule.production.lhs == start[0] for r, rule in enumerate(rules) if r != pad and r not in dead
    ):
        return []
    return [f"line {start[1]}: %start names {start[0]}, which has no production; write one, or name another"]


def _read_note(line: str, number: int, before: list[_Note]) -> _Note:
    """A `#:` line. ValueError where it has another form, or is the second that names the padding."""
    match = _NOTE.fullmatch(line)
    numbers = tuple(map(int, match[2].split())) if match else ()
    if match is None or (match[1] == "pad" and len(numbers) != 1):
        raise ValueError(f"expected «#: pad N» or «#: dead N …», got «{excerpt(line)[0]}»")
    if match[1] == "pad" and any(note.kind == "pad" for note in before):
        raise ValueError("a second «#: pad», expected one; remove one of them")
    return _Note(match[1], numbers, number)
