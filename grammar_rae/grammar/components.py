"""Strongly connected components: Tarjan, "Depth-first search and linear graph algorithms" (1972), without recursion."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)
Graph = dict[Node, list[Node]]


def components(graph: Mapping[Node, Sequence[Node]]) -> Iterator[list[Node]]:
    """The nodes that reach one another, together; a component comes after all that it leads to."""
    number: dict[Node, int] = {}
    lowest: dict[Node, int] = {}
    closed: set[Node] = set()
    stack: list[Node] = []
    for root in graph:
        if root in number:
            continue
        number[root] = lowest[root] = len(number)
        stack.append(root)
        path = [(root, iter(graph[root]))]
        while path:
            node, ahead = path[-1]
            there = next((other for other in ahead if other not in closed), None)
            if there is None:
                path.pop()
                if path:
                    above = path[-1][0]
                    lowest[above] = min(lowest[above], lowest[node])
                if lowest[node] == number[node]:
                    component = [stack.pop()]
                    while component[-1] != node:
                        component.append(stack.pop())
                    closed.update(component)
                    yield component
            elif there in number:
                lowest[node] = min(lowest[node], number[there])
            else:
                number[there] = lowest[there] = len(number)
                stack.append(there)
                path.append((there, iter(graph[there])))
