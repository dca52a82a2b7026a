"""The house in numbers: rooms, floors and circles of the imports, sizes, and what is said twice or not at all.

Every file of a checkout is read as text, nothing is imported, so that any version can be counted.

- A *room* is a module or a package in the package's root; an *arrow* leads from a room to another that it imports,
  anywhere: inside a function and under TYPE_CHECKING too. *Circles* are sets of rooms that import one another in
  turn; *floors* are the rooms of the longest way along the arrows, a circle counted as one.
- Functions compiled by numba are left out of lengths; `self` and `cls` are no parameters.
- A *test of the task* is a line outside `tasks/` that compares something with the name of a kind of data, looks for
  it in a table of the same file that has these names as keys, or calls a function that does nothing else. A *test of
  the codec* asks for its class, or for the kind `image`.
- Public names are functions and classes of modules; docstrings are asked of methods and nested ones as well.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

PACKAGE = "grammar_rae"
TASKS = {"images", "molecules", "expressions", "strings"}
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Function = ast.FunctionDef | ast.AsyncFunctionDef


class House:
    """A checkout's package, parsed; paths are relative to the package."""

    def __init__(self, checkout: Path) -> None:
        self.root = checkout / PACKAGE
        self.text = {
            path.relative_to(self.root): path.read_text(encoding="utf-8")
            for path in sorted(self.root.rglob("*.py"))
        }
        self.trees = {path: ast.parse(text) for path, text in self.text.items()}

    @cached_property
    def rooms(self) -> dict[str, str]:
        """Room → its docstring, modules and packages of the root alike, `__init__` among them."""
        files = {path.parts[0].removesuffix(".py"): path for path in self.trees if len(path.parts) == 1}
        files |= {path.parts[0]: path for path in self.trees if path.parts[1:] == ("__init__.py",)}
        return {room: ast.get_docstring(self.trees[path]) or "" for room, path in sorted(files.items())}

    @cached_property
    def arrows(self) -> dict[str, set[str]]:
        """Room → the rooms that it imports."""
        reached: dict[str, set[str]] = {room: set() for room in self.rooms}
        for path, tree in self.trees.items():
            here = path.parts[0].removesuffix(".py")
            if here in reached:
                reached[here] |= {self._room(name) for name in _imported(tree) if _inside(name)} - {here}
        return reached

    def _room(self, name: str) -> str:
        """The room that a dotted name of the package leads to: `__init__` for a name that it holds itself."""
        parts = [*name.split("."), ""]
        return parts[1] if parts[1] in self.rooms else "__init__"

    @cached_property
    def circles(self) -> list[list[str]]:
        """Sets of two rooms or more, each of which reaches every other of its set."""
        reach = {room: _reachable(self.arrows, room) for room in self.rooms}
        sets = {tuple(sorted({room} | {b for b in reach[room] if room in reach[b]})) for room in self.rooms}
        return [list(rooms) for rooms in sorted(sets) if len(rooms) > 1]

    @cached_property
    def floors(self) -> int:
        """Rooms on the longest way along the arrows, a circle counted as one."""
        circle = {room: rooms[0] for rooms in self.circles for room in rooms}
        below = defaultdict(set)
        for room, targets in self.arrows.items():
            one = circle.get(room, room)
            below[one] |= {circle.get(target, target) for target in targets} - {one}
        height: dict[str, int] = {}

        def high(room: str) -> int:
            if room not in height:
                height[room] = 1 + max(map(high, below[room]), default=0)
            return height[room]

        return max(high(circle.get(room, room)) for room in self.rooms)

    def definitions(self) -> Iterator[tuple[Path, Definition]]:
        """Every function and class with its file, nested ones included."""
        for path, tree in self.trees.items():
            for node in ast.walk(tree):
                if isinstance(node, Definition):
                    yield path, node

    def lengths(self) -> list[tuple[int, str]]:
        """(lines, place) of functions that numba does not compile, the longest first."""
        found = [
            (node.end_lineno - node.lineno + 1, _place(path, node))
            for path, node in self.definitions()
            if isinstance(node, Function) and not any("jit" in ast.unparse(d) for d in node.decorator_list)
        ]
        return sorted(found, reverse=True)

    def parameters(self) -> list[tuple[int, str]]:
        """(parameters, place) of functions outside the command line, the most first."""
        found = [
            (len(_parameters(node)), _place(path, node))
            for path, node in self.definitions()
            if isinstance(node, Function) and path.parts[0] != "cli"
        ]
        return sorted(found, reverse=True)

    def task_tests(self) -> list[str]:
        """`file:line` of every test of the task outside `tasks/`."""
        askers = {name for tree in self.trees.values() for name in _askers(tree)}
        return self._lines(
            lambda node, tables: (
                _calls(node, askers) or (isinstance(node, ast.Compare) and _compares(node, tables))
            )
        )

    def codec_tests(self) -> list[str]:
        """`file:line` of every test of a codec's class or kind outside `codecs/` and `tasks/`."""
        return self._lines(lambda node, _: _asks_codec(node))

    def _lines(self, asks: Callable[[ast.AST, set[str]], bool]) -> list[str]:
        return [
            f"{path}:{line}"
            for path, tree in self.trees.items()
            if path.parts[0] not in ("tasks", "codecs", "codecs.py")
            for tables in [set(_tables(tree))]
            for line in sorted({node.lineno for node in ast.walk(tree) if asks(node, tables)})
        ]

    def defined_twice(self) -> dict[str, list[str]]:
        """Public name → the modules that define it, where these are two or more."""
        places: dict[str, list[str]] = defaultdict(list)
        for path, tree in self.trees.items():
            for node in tree.body:
                if isinstance(node, Definition) and not node.name.startswith("_"):
                    places[node.name].append(str(path))
        return {name: found for name, found in sorted(places.items()) if len(set(found)) > 1}

    def undocumented(self) -> list[str]:
        """Places of public definitions that have no docstring."""
        return [
            _place(path, node)
            for path, node in self.definitions()
            if not node.name.startswith("_") and not ast.get_docstring(node)
        ]


def _imported(tree: ast.AST) -> Iterator[str]:
    """Dotted names of what a module imports, `from a import b` as a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _inside(name: str) -> bool:
    return name == PACKAGE or name.startswith(f"{PACKAGE}.")


def _reachable(arrows: dict[str, set[str]], room: str) -> set[str]:
    reached, new = set[str](), set(arrows[room])
    while new:
        reached |= new
        new = {target for one in new for target in arrows[one]} - reached
    return reached


def _place(path: Path, node: Definition) -> str:
    return f"{path}:{node.lineno} {node.name}"


def _parameters(node: Function) -> list[str]:
    """Names of a function's parameters but `self` and `cls`."""
    taken = node.args
    every = [*taken.posonlyargs, *taken.args, *taken.kwonlyargs, taken.vararg, taken.kwarg]
    return [one.arg for one in every if one is not None and one.arg not in ("self", "cls")]


def _tables(tree: ast.Module) -> Iterator[str]:
    """Names of a module's dictionaries whose keys are tasks."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            keys = {key.value for key in node.value.keys if isinstance(key, ast.Constant)}
            if keys and keys <= TASKS:
                yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _askers(tree: ast.Module) -> Iterator[str]:
    """Names of functions that only return a test of the task."""
    for node in tree.body:
        last = node.body[-1] if isinstance(node, ast.FunctionDef) else None
        if (
            isinstance(last, ast.Return)
            and isinstance(last.value, ast.Compare)
            and _compares(last.value, set())
        ):
            yield node.name


def _calls(node: ast.AST, names: set[str]) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
        return False
    return (node.func.id if isinstance(node.func, ast.Name) else node.func.attr) in names


def _asks_codec(node: ast.AST) -> bool:
    if _calls(node, {"isinstance"}):
        return "Codec" in ast.unparse(node)
    return isinstance(node, ast.Compare) and ast.unparse(node).endswith(".kind == 'image'")


def _compares(node: ast.Compare, tables: set[str]) -> bool:
    """Whether one side of == or != is a task's name, or `in` is followed by such names or a table of them."""
    sides = [node.left, *node.comparators]
    for operator, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(operator, ast.In | ast.NotIn):
            if isinstance(right, ast.Name) and right.id in tables:
                return True
            sides.remove(node.left)
    return any(
        isinstance(leaf, ast.Constant) and leaf.value in TASKS for side in sides for leaf in _leaves(side)
    )


def _leaves(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
