"""Terminals that longest match would misread: one of them, and a part of what follows it, begins a longer one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

from grammar_rae.grammar.analysis import neighbours
from grammar_rae.grammar.notation import Nonterminal, Production

Trie = dict[str, Any]  # character → Trie; "" → the terminal that ends here


class Misread(NamedTuple):
    """`terminal` followed by `behind` would be read as `longer`."""

    terminal: str
    behind: str
    longer: str


def misread(productions: Sequence[Production], start: Nonterminal) -> list[Misread]:
    """An example for each terminal that can be misread, in the order of the grammar.

    Conservative: a may stand in front of b where a longer terminal begins with a and a part of b.
    """
    names = tuple(dict.fromkeys(s for p in productions for s in p.rhs if isinstance(s, str)))
    shorter = {a for a, b in pairwise(sorted(names)) if b.startswith(a)}
    if not shorter:
        return []
    behind = neighbours(productions, names, start).after_terminals(productions)
    every = _trie(names)

    @cache
    def followers(bits: int) -> Trie:
        return _trie(
            name for name, bit in zip(names, reversed(f"{bits:0{len(names)}b}"), strict=False) if bit == "1"
        )

    found = []
    for terminal in (name for name in names if name in shorter):
        below = every
        for character in terminal:
            below = below[character]
        example = _begin_alike(below, followers(behind[terminal]))
        if example is not None:
            found.append(Misread(terminal, example[1], example[0]))
    return found


def _trie(names: Iterable[str]) -> Trie:
    root: Trie = {}
    for name in names:
        node = root
        for character in name:
            node = node.setdefault(character, {})
        node[""] = name
    return root


def _begin_alike(longer: Trie, behind: Trie) -> tuple[str, str] | None:
    """A name below each of two nodes, such that what follows the nodes in one begins with what does in the other."""
    open_ = [(longer, behind)]
    while open_:
        a, b = open_.pop()
        for character in a:
            if not character or character not in b:
                continue
            below, there = a[character], b[character]
            if "" in below or "" in there:
                return _some(below), _some(there)
            open_.append((below, there))
    return None


def _some(node: Trie) -> str:
    """A terminal of a trie, its root's where it has one."""
    while "" not in node:
        node = next(iter(node.values()))
    return str(node[""])
