"""What can be wrong with a grammar, each defect with the line that has it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

from grammar_rae.notation import Nonterminal, Production, Rule


def find_defects(rules: Sequence[Rule], pad: int | None, dead: Iterable[int]) -> list[str]:
    """One line of text a defect; an empty list where the grammar can be used."""
    exempt = set(dead) | ({pad} if pad is not None else set())
    live = [rule for i, rule in enumerate(rules) if i not in exempt]
    if not live:
        return ["no productions but padding and dead ones"]
    return [
        *_padding(rules, pad, live),
        *_undefined(live),
        *_repeated(live),
        *_unreachable(live),
        *_unproductive(live),
        *_cycles(live),
        *_ambiguous_terminals(live),
    ]


def nullable(rules: Iterable[Rule]) -> set[Nonterminal]:
    """The nonterminals that derive the empty string."""
    found: set[Nonterminal] = set()
    before = -1
    while before < len(found):
        before = len(found)
        found |= {p.lhs for p, _ in rules if all(s in found for s in p.rhs)}
    return found


def _line_of(rules: Sequence[Rule]) -> dict[Nonterminal, int]:
    lines: dict[Nonterminal, int] = {}
    for rule, line in rules:
        lines.setdefault(rule.lhs, line)
    return lines


def _padding(rules: Sequence[Rule], pad: int | None, live: Sequence[Rule]) -> list[str]:
    if pad is None:
        return []
    name, line = rules[pad][0].lhs, rules[pad][1]
    if any(name == rule.lhs or name in rule.rhs for rule, _ in live):
        return [f"line {line}: {name}, which the padding production rewrites, is used elsewhere; rename it"]
    return []


def _undefined(rules: Sequence[Rule]) -> list[str]:
    known = {rule.lhs for rule, _ in rules}
    return [
        f"line {line}: {symbol} has no production; write one, or quote it if it is a terminal"
        for rule, line in rules
        for symbol in dict.fromkeys(rule.rhs)
        if isinstance(symbol, Nonterminal) and symbol not in known
    ]


def _repeated(rules: Sequence[Rule]) -> list[str]:
    first: dict[Production, int] = {}
    problems = []
    for rule, line in rules:
        if rule in first:
            problems.append(f"line {line}: «{rule}» stands at line {first[rule]} already; remove one")
        first.setdefault(rule, line)
    return problems


def _unreachable(rules: Sequence[Rule]) -> list[str]:
    start = rules[0][0].lhs
    reached = {start}
    before = 0
    while before < len(reached):
        before = len(reached)
        reached |= {
            s for rule, _ in rules if rule.lhs in reached for s in rule.rhs if isinstance(s, Nonterminal)
        }
    return [
        f"line {line}: {name} cannot be reached from the start symbol {start}; use it or remove it"
        for name, line in _line_of(rules).items()
        if name not in reached
    ]


def _unproductive(rules: Sequence[Rule]) -> list[str]:
    known = {rule.lhs for rule, _ in rules}
    fruitful = {s for rule, _ in rules for s in rule.rhs if s not in known}  # undefined ones are told apart
    before = -1
    while before < len(fruitful):
        before = len(fruitful)
        fruitful |= {r.lhs for r, _ in rules if all(s in fruitful for s in r.rhs)}
    return [
        f"line {line}: {name} derives no string, it never comes to an end; give it a production that does"
        for name, line in _line_of(rules).items()
        if name not in fruitful
    ]


def _cycles(rules: Sequence[Rule]) -> list[str]:
    """A ⇒+ A: some string would have infinitely many derivations."""
    empty = nullable(rules)
    derives: dict[Nonterminal, list[Nonterminal]] = {}  # what a nonterminal may become with nothing beside it
    for rule, _ in rules:
        for i, symbol in enumerate(rule.rhs):
            others = rule.rhs[:i] + rule.rhs[i + 1 :]
            if isinstance(symbol, Nonterminal) and all(s in empty for s in others):
                derives.setdefault(rule.lhs, []).append(symbol)
    problems = []
    told: set[Nonterminal] = set()
    for name, line in _line_of(rules).items():
        cycle = _cycle_from(name, derives)
        if told.isdisjoint(cycle):
            problems += [f"line {line}: {' ⇒ '.join(map(str, cycle))} is a cycle; break it"] * bool(cycle)
            told.update(cycle)
    return problems


def _cycle_from(name: Nonterminal, derives: dict[Nonterminal, list[Nonterminal]]) -> list[Nonterminal]:
    """The shortest way from a nonterminal back to itself, both ends included; empty where there is none."""
    before: dict[Nonterminal, Nonterminal] = {}
    reached = [name]
    for here in reached:
        for there in derives.get(here, []):
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
    for rule, line in rules:
        for symbol in rule.rhs:
            if isinstance(symbol, str):
                lines.setdefault(symbol, line)
    if "" in lines:
        return [f"line {lines['']}: an empty terminal ''; write nothing for an empty production"]
    problems = []
    for a, b in sorted(_neighbours(rules)):
        longer = next((t for t in lines if t != a and t.startswith(a) and _meets(t[len(a) :], b)), None)
        if longer is not None:
            problems.append(
                f"line {lines[a]}: '{a}' followed by '{b}' would be read as '{longer}'; rename one of them"
            )
    return problems


def _meets(rest: str, b: str) -> bool:
    return rest.startswith(b) or b.startswith(rest)


def _neighbours(rules: Sequence[Rule]) -> set[tuple[str, str]]:
    """Pairs of terminals that may stand side by side."""
    empty = nullable(rules)
    first = _edges(rules, empty, forwards=True)
    last = _edges(rules, empty, forwards=False)
    pairs: set[tuple[str, str]] = set()
    for rule, _ in rules:
        symbols = rule.rhs
        for i, left in enumerate(symbols):
            for right in symbols[i + 1 :]:
                pairs.update(product(_of(left, last), _of(right, first)))
                if right not in empty:
                    break
    return pairs


def _of(symbol: Nonterminal | str, table: dict[Nonterminal, set[str]]) -> set[str]:
    return {symbol} if isinstance(symbol, str) else table.get(symbol, set())


def _edges(rules: Sequence[Rule], empty: set[Nonterminal], forwards: bool) -> dict[Nonterminal, set[str]]:
    """The terminals that strings of each nonterminal begin (or end) with."""
    table: dict[Nonterminal, set[str]] = {rule.lhs: set() for rule, _ in rules}
    changed = True
    while changed:
        changed = False
        for rule, _ in rules:
            found = table[rule.lhs]
            before = len(found)
            for symbol in rule.rhs if forwards else reversed(rule.rhs):
                found |= _of(symbol, table)
                if symbol not in empty:
                    break
            changed |= len(found) > before
    return table
