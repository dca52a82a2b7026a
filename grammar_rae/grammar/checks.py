"""What can be wrong with a grammar, each defect with the line that has it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import product

from grammar_rae.grammar.analysis import first, last, nullable, terminals_of
from grammar_rae.grammar.notation import Nonterminal, Production, Rule


def find_defects(rules: Sequence[Rule], pad: int | None, dead: Collection[int]) -> list[str]:
    """One line of text a defect; an empty list where the grammar can be used.

    `pad` and `dead` are numbers of rules that are exempt.
    """
    live = [rule for number, rule in enumerate(rules) if number != pad and number not in dead]
    if not live:
        return ["no productions but padding and dead ones"]
    return [
        *([] if pad is None else _used_padding(rules[pad], live)),
        *_undefined(live),
        *_repeated(live),
        *_unreachable(live),
        *_unproductive(live),
        *_cycles(live),
        *_ambiguous_terminals(live),
    ]


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
    return [
        f"line {line}: {symbol} has no production; write one, or quote it if it is a terminal"
        for production, line in rules
        for symbol in dict.fromkeys(production.rhs)
        if isinstance(symbol, Nonterminal) and symbol not in defined
    ]


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


def _unreachable(rules: Sequence[Rule]) -> list[str]:
    start = rules[0].production.lhs
    reached = {start}
    before = 0
    while before < len(reached):
        before = len(reached)
        reached |= {
            symbol
            for production, _ in rules
            if production.lhs in reached
            for symbol in production.rhs
            if isinstance(symbol, Nonterminal)
        }
    return [
        f"line {line}: {name} cannot be reached from the start symbol {start}; use it or remove it"
        for name, line in _first_lines(rules).items()
        if name not in reached
    ]


def _unproductive(rules: Sequence[Rule]) -> list[str]:
    lines = _first_lines(rules)
    # symbols that derive a string: terminals, and nonterminals without a production, which are told apart
    productive = {symbol for production, _ in rules for symbol in production.rhs if symbol not in lines}
    before = -1
    while before < len(productive):
        before = len(productive)
        productive |= {p.lhs for p, _ in rules if all(symbol in productive for symbol in p.rhs)}
    return [
        f"line {line}: {name} derives no string, it never comes to an end; give it a production that does"
        for name, line in lines.items()
        if name not in productive
    ]


def _cycles(rules: Sequence[Rule]) -> list[str]:
    """A ⇒+ A: some string would have infinitely many derivations."""
    empty = nullable([rule.production for rule in rules])
    alone: dict[Nonterminal, list[Nonterminal]] = {}  # what a nonterminal may become with nothing beside it
    for production, _ in rules:
        for i, symbol in enumerate(production.rhs):
            others = production.rhs[:i] + production.rhs[i + 1 :]
            if isinstance(symbol, Nonterminal) and all(other in empty for other in others):
                alone.setdefault(production.lhs, []).append(symbol)
    defects = []
    named: set[Nonterminal] = set()
    for name, line in _first_lines(rules).items():
        cycle = _cycle_through(name, alone)
        if cycle and named.isdisjoint(cycle):
            defects.append(f"line {line}: {' ⇒ '.join(map(str, cycle))} is a cycle; break it")
            named.update(cycle)
    return defects


def _cycle_through(name: Nonterminal, alone: dict[Nonterminal, list[Nonterminal]]) -> list[Nonterminal]:
    """The shortest way from a nonterminal back to itself, both ends included; empty where there is none."""
    before: dict[Nonterminal, Nonterminal] = {}
    reached = [name]
    for here in reached:
        for there in alone.get(here, []):
            if there not in before:
                before[there] = here
                reached.append(there)
    if name not in before:
        return []
    way = [name, before[name]]
    while way[-1] != name:
        way.append(before[way[-1]])
    return way[::-1]


def _ambiguous_terminals(rules: Sequence[Rule]) -> list[str]:
    """Conservative: a may stand in front of b where a longer terminal begins with a and a part of b.

    Longest match would then read the longer terminal where a and b were meant.
    """
    lines: dict[str, int] = {}
    for production, line in rules:
        for symbol in production.rhs:
            if isinstance(symbol, str):
                lines.setdefault(symbol, line)
    if "" in lines:
        return [f"line {lines['']}: an empty terminal ''; write nothing for an empty production"]
    longer = {a: [t for t in lines if t != a and t.startswith(a)] for a in lines}
    defects = []
    for a, b in sorted(_neighbours([rule.production for rule in rules])):
        read = next((t for t in longer[a] if _begin_alike(t[len(a) :], b)), None)
        if read is not None:
            defects.append(
                f"line {lines[a]}: '{a}' followed by '{b}' would be read as '{read}'; rename one of them"
            )
    return defects


def _begin_alike(a: str, b: str) -> bool:
    return a.startswith(b) or b.startswith(a)


def _neighbours(productions: Sequence[Production]) -> set[tuple[str, str]]:
    """Pairs of terminals that may stand side by side."""
    empty = nullable(productions)
    begins, ends = first(productions, empty), last(productions, empty)
    pairs: set[tuple[str, str]] = set()
    for production in productions:
        for i, left in enumerate(production.rhs):
            for right in production.rhs[i + 1 :]:
                pairs.update(product(terminals_of(left, ends), terminals_of(right, begins)))
                if right not in empty:
                    break
    return pairs
