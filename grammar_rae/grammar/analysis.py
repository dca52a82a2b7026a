"""What the nonterminals of a grammar derive, reach and stand beside, each in one pass over the productions.

NULLABLE, FIRST and FOLLOW as in Aho, Sethi and Ullman, "Compilers: Principles, Techniques, and Tools" (1986), section
4.4. A set of terminals is an integer, with a bit for each; sets that include one another are one strongly connected
component (DeRemer, Pennello, "Efficient computation of LALR(1) look-ahead sets", 1982).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from grammar_rae.grammar.components import Graph, components
from grammar_rae.grammar.notation import Nonterminal, Production, Symbol

TerminalSets = dict[Nonterminal, int]


def derivable(productions: Sequence[Production], given: Iterable[Symbol] = ()) -> set[Symbol]:
    """The symbols `given`, and the left sides that derive strings of nothing else: of nothing at all where none is."""
    found = set(given)
    waiting: dict[Symbol, list[int]] = {}
    missing = []
    for r, production in enumerate(productions):
        absent = {symbol for symbol in production.rhs if symbol not in found}
        missing.append(len(absent))
        for symbol in absent:
            waiting.setdefault(symbol, []).append(r)
    ready = [p.lhs for p, count in zip(productions, missing, strict=True) if not count]
    while ready:
        name = ready.pop()
        if name in found:
            continue
        found.add(name)
        for r in waiting.get(name, ()):
            missing[r] -= 1
            if not missing[r]:
                ready.append(productions[r].lhs)
    return found


def reached(productions: Iterable[Production], start: Nonterminal) -> set[Nonterminal]:
    """The nonterminals of strings that the start symbol derives, itself among them."""
    graph: dict[Nonterminal, list[Nonterminal]] = {}
    for production in productions:
        graph.setdefault(production.lhs, []).extend(s for s in production.rhs if isinstance(s, Nonterminal))
    found, open_ = {start}, [start]
    while open_:
        new = set(graph.get(open_.pop(), ())) - found
        found |= new
        open_ += new
    return found


def shortest(rules: Sequence[tuple[int, Sequence[int]]], size: int) -> list[int | None]:
    """[nonterminal] the fewest rules that finish each of `size` nonterminals, None where none do.

    `rules`: (left side, nonterminals on the right). Knuth, "A generalization of Dijkstra's algorithm" (1977).
    """
    need: list[int | None] = [None] * size
    total = [1] * len(rules)
    missing = [len(children) for _, children in rules]
    uses: list[list[int]] = [[] for _ in range(size)]
    for r, (_, children) in enumerate(rules):
        for child in children:
            uses[child].append(r)
    heap = [(1, lhs) for lhs, children in rules if not children]
    heap.sort()
    while heap:
        steps, name = heappop(heap)
        if need[name] is not None:
            continue
        need[name] = steps
        for r in uses[name]:
            total[r] += steps
            missing[r] -= 1
            if not missing[r]:
                heappush(heap, (total[r], rules[r][0]))
    return need


@dataclass(frozen=True)
class Neighbours:
    """What may stand where.

    bit: [terminal] its bit in the sets
    empty: the nullable nonterminals
    first, follow: the terminals that strings of a nonterminal begin with, and that may come next to them
    """

    bit: Mapping[str, int]
    empty: Collection[Symbol]
    first: TerminalSets
    follow: TerminalSets

    def of(self, symbol: Symbol) -> int:
        """The terminals that a symbol begins with."""
        return self.bit[symbol] if isinstance(symbol, str) else self.first.get(symbol, 0)

    def dots(self, production: Production) -> list[int]:
        """[place] the terminals that may come next in front of each symbol of the right side, and behind the last."""
        sets = [self.follow.get(production.lhs, 0)]
        for symbol in reversed(production.rhs):
            sets.append(self.of(symbol) | (sets[-1] if symbol in self.empty else 0))
        return sets[::-1]

    def after_terminals(self, productions: Iterable[Production]) -> dict[str, int]:
        """The terminals that may come right after each terminal."""
        sets: dict[str, int] = {}
        for production in productions:
            for symbol, behind in zip(production.rhs, self.dots(production)[1:], strict=True):
                if isinstance(symbol, str):
                    sets[symbol] = sets.get(symbol, 0) | behind
        return sets


def neighbours(productions: Sequence[Production], terminals: Sequence[str], start: Nonterminal) -> Neighbours:
    """The sets of a grammar: terminal v is the bit 1 << v, the end of the text the bit after the last."""
    bit = {terminal: 1 << v for v, terminal in enumerate(terminals)}
    empty = derivable(productions)
    first = _first(productions, empty, bit)
    known = Neighbours(bit, empty, first, {start: 1 << len(terminals)})
    return Neighbours(bit, empty, first, _follow(productions, known))


def _first(
    productions: Sequence[Production], empty: Collection[Symbol], bit: Mapping[str, int]
) -> TerminalSets:
    own: TerminalSets = {production.lhs: 0 for production in productions}
    graph: Graph[Nonterminal] = {name: [] for name in own}
    for production in productions:
        for symbol in production.rhs:
            if isinstance(symbol, str):
                own[production.lhs] |= bit[symbol]
            elif symbol in own:
                graph[production.lhs].append(symbol)
            if symbol not in empty:
                break
    return _united(own, graph)


def _follow(productions: Sequence[Production], known: Neighbours) -> TerminalSets:
    own: TerminalSets = dict.fromkeys(known.first, 0) | known.follow
    graph: Graph[Nonterminal] = {name: [] for name in own}
    for production in productions:
        at_end = True
        for symbol, behind in zip(production.rhs[::-1], known.dots(production)[:0:-1], strict=True):
            if symbol in own:
                own[symbol] |= behind
                if at_end:
                    graph[symbol].append(production.lhs)
            at_end = at_end and symbol in known.empty
    return _united(own, graph)


def _united(own: TerminalSets, graph: Graph[Nonterminal]) -> TerminalSets:
    """Every set with those of the nonterminals that it includes, directly or not."""
    sets: TerminalSets = {}
    for component in components(graph):
        union = 0
        for name in component:
            union |= own[name]
            for other in graph[name]:
                union |= sets.get(other, 0)
        sets.update(dict.fromkeys(component, union))
    return sets
