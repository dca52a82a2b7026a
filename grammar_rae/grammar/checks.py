"""What can be wrong with a grammar, each defect with the line that has it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from grammar_rae.grammar.analysis import derivable, reached
from grammar_rae.grammar.components import Graph, components
from grammar_rae.grammar.notation import Nonterminal, Notation, Production, Rule
from grammar_rae.grammar.terminals import misread

NAMED = 20  # defects of a kind that are named
WIDEST = 400  # characters of a defect
MOST = 32_767  # productions, padding among them: a derivation keeps each in 16 bits
MOST_CELLS = (
    1 << 25
)  # of a table with a row for each production and a column for each nonterminal on a right side
EMPTY = (
    "ε",
    "ϵ",
    "λ",
    "Λ",
    "∅",
    "epsilon",
    "eps",
    "lambda",
    "empty",
)  # habits, in lower case, of writing nothing


def find_defects(notation: Notation) -> list[str]:
    """One line of text a defect; an empty list where the grammar can be used.

    Padding and dead productions are exempt.
    """
    rules, pad = notation.rules, notation.pad
    live = [rule for number, rule in enumerate(rules) if number != pad and number not in notation.dead]
    if not live:
        return ["no productions but padding and dead ones"]
    large = _too_large(rules, live, pad)
    if large:
        return large
    start = notation.start or live[0].production.lhs
    kinds = (
        [] if pad is None else _used_padding(rules[pad], live),
        _undefined(live),
        _repeated(live),
        _unreachable(live, start),
        _unproductive(live),
        _cycles(live),
        _ambiguous_terminals(live, start),
    )
    return [line for defects in kinds for line in _few(defects)]


def _too_large(rules: Sequence[Rule], live: Sequence[Rule], pad: int | None) -> list[str]:
    if len(rules) + (pad is None) > MOST:
        return [f"{len(rules):,} productions; expected at most {MOST - 1:,} and one for padding"]
    widest, line = max((sum(isinstance(s, Nonterminal) for s in p.rhs), line) for p, line in live)
    if widest * len(rules) > MOST_CELLS:
        return [
            f"line {line}: {widest:,} nonterminals on a right side among {len(rules):,} productions; "
            f"expected at most {MOST_CELLS // len(rules):,}; write it as several"
        ]
    return []


def _few(defects: list[str]) -> list[str]:
    """The first defects of a kind, and how many more there are."""
    more = len(defects) - NAMED
    shown = [line if len(line) <= WIDEST else f"{line[:WIDEST]}…" for line in defects[:NAMED]]
    return shown if more <= 0 else [*shown, f"… and {more:,} more like the last"]


def _first_lines(rules: Sequence[Rule]) -> dict[Nonterminal, int]:
    """The line in which each left side comes first, in order."""
    lines: dict[Nonterminal, int] = {}
    for production, line in rules:
        lines.setdefault(production.lhs, line)
    return lines


def _used_padding(padding: Rule, live: Sequence[Rule]) -> list[str]:
    name = padding.production.lhs
    if any(name == rule.production.lhs or name in rule.production.rhs for rule in live):
        return [
            f"line {padding.line}: {name}, which the padding production rewrites, is used elsewhere; rename it"
        ]
    return []


def _undefined(rules: Sequence[Rule]) -> list[str]:
    defined = {rule.production.lhs for rule in rules}
    defects = []
    for production, line in rules:
        for symbol in dict.fromkeys(production.rhs):
            if isinstance(symbol, Nonterminal) and symbol not in defined:
                nothing = symbol.name.lower() in EMPTY
                hint = (
                    "write nothing for the empty string, as in S -> 'a' S |"
                    if nothing
                    else ("write one, or quote it if it is a terminal")
                )
                defects.append(f"line {line}: {symbol} has no production; {hint}")
    return defects


def _repeated(rules: Sequence[Rule]) -> list[str]:
    lines: dict[Production, int] = {}
    defects = []
    for production, line in rules:
        if production in lines:
            defects.append(
                f"line {line}: «{production}» stands at line {lines[production]} already; remove one"
            )
        lines.setdefault(production, line)
    return defects


def _unreachable(rules: Sequence[Rule], start: Nonterminal) -> list[str]:
    found = reached((rule.production for rule in rules), start)
    return [
        f"line {line}: {name} cannot be reached from the start symbol {start}; use it or remove it"
        for name, line in _first_lines(rules).items()
        if name not in found
    ]


def _unproductive(rules: Sequence[Rule]) -> list[str]:
    lines = _first_lines(rules)
    # a nonterminal without a production is told apart
    given = {symbol for production, _ in rules for symbol in production.rhs if symbol not in lines}
    productive = derivable([rule.production for rule in rules], given)
    return [
        f"line {line}: {name} derives no string, it never comes to an end; give it a production that does"
        for name, line in lines.items()
        if name not in productive
    ]


def _cycles(rules: Sequence[Rule]) -> list[str]:
    """A ⇒+ A: some string would have infinitely many derivations. One cycle of those that hang together."""
    empty = derivable([rule.production for rule in rules])
    lines = _first_lines(rules)
    alone: Graph[Nonterminal] = {name: [] for name in lines}  # what one may become with nothing beside it
    for production, _ in rules:
        solid = [symbol for symbol in production.rhs if symbol not in empty]
        if len(solid) <= 1:
            may_stay = solid or production.rhs
            alone[production.lhs] += [s for s in may_stay if isinstance(s, Nonterminal) and s in alone]
    defects = []
    for component in components(alone):
        name = min(component, key=lines.__getitem__)
        if len(component) > 1 or name in alone[name]:
            cycle = " ⇒ ".join(map(str, _cycle_through(name, alone, set(component))))
            defects.append((lines[name], f"line {lines[name]}: {cycle} is a cycle; break it"))
    return [text for _, text in sorted(defects)]


def _cycle_through(
    name: Nonterminal, alone: Graph[Nonterminal], within: Collection[Nonterminal]
) -> list[Nonterminal]:
    """The shortest way from a nonterminal back to itself, both ends included."""
    before: dict[Nonterminal, Nonterminal] = {}
    path = [name]
    for here in path:
        for there in alone[here]:
            if there in within and there not in before:
                before[there] = here
                path.append(there)
    way = [name, before[name]]
    while way[-1] != name:
        way.append(before[way[-1]])
    return way[::-1]


def _ambiguous_terminals(rules: Sequence[Rule], start: Nonterminal) -> list[str]:
    lines: dict[str, int] = {}
    for production, line in rules:
        for symbol in production.rhs:
            if isinstance(symbol, str):
                lines.setdefault(symbol, line)
    if "" in lines:
        return [f"line {lines['']}: an empty terminal ''; write nothing for an empty production"]
    return [
        f"line {lines[a]}: '{a}' followed by '{b}' would be read as '{longer}'; rename one of them"
        for a, b, longer in misread([rule.production for rule in rules], start)
    ]
