"""Derivations of arithmetic as programs in postfix notation, and their values; nothing is passed to `eval`.

A grammar may have rules of the shapes of `equation.cfg`: A + B (or -, *, /), f( A ) with f one of sin, cos, exp,
log, ( A ), A, x, or a number; f may stand apart from its bracket, and brackets around each. Operators of one rule level
share a precedence there, so what stands between two brackets is kept flat until they close, and then products come
before sums, each from the left.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from grammar_rae.errors import DataError

if TYPE_CHECKING:
    from grammar_rae.grammar.grammar import Grammar

Program = list[Any]  # int, float, "x", one of BINARY or of UNARY; operands come before their operator
Chain = list[Any]  # program, operator, program, ...: what stands between two brackets
Value = Any  # an int or float for what holds no x, else an array over the points

Operators = Mapping[str, Callable[[Value, Value], Value]]

BINARY: Operators = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
UNARY: dict[str, Callable[[Value], Value]] = {"sin": np.sin, "cos": np.cos, "exp": np.exp, "log": np.log}
BRACKETS = {"(": None} | {f"{name}(": name for name in UNARY}  # what opens a pair, and the function of it


def program(x: np.ndarray, grammar: Grammar) -> Program:
    """The program of a derivation x (T,). DataError names a rule that is no arithmetic.

    A leftmost derivation read backwards meets a rule's children before the rule, the leftmost last.
    """
    stack: list[Chain] = []
    for rule in reversed(x[x != grammar.pad].tolist()):
        rhs = grammar.productions[rule].rhs
        children = [stack.pop() for symbol in rhs if not isinstance(symbol, str)]
        stack.append(_apply(rhs, children))
    return _collapse(stack.pop())


def is_arithmetic(grammar: Grammar) -> bool:
    """Whether every rule that derives something has an arithmetic meaning."""
    rules = [rule.rhs for i, rule in enumerate(grammar.productions) if i != grammar.pad]
    try:
        for rhs in rules:
            _apply(rhs, [[["x"]] for symbol in rhs if not isinstance(symbol, str)])
    except DataError:
        return False
    return True


def _apply(rhs: Sequence[Any], children: list[Chain]) -> Chain:
    """What a rule makes of its children."""
    if rhs and rhs[0] in UNARY and rhs[1:2] == ("(",):
        rhs = (f"{rhs[0]}(", *rhs[2:])
    if len(rhs) > 2 and rhs[-1] == ")" and rhs[0] in BRACKETS:
        function = BRACKETS[rhs[0]]
        inside = _collapse(_apply(rhs[1:-1], children))
        return [inside if function is None else [*inside, function]]
    words = [symbol for symbol in rhs if isinstance(symbol, str)]
    if not words and len(children) == 1:
        return children[0]
    if len(words) == 1 and not children:
        if words[0] == "x":
            return [["x"]]
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?", words[0]):
            return [[float(words[0]) if "." in words[0] else int(words[0])]]
    if len(rhs) == 3 and len(children) == 2 and words and words[0] in BINARY and words[0] == rhs[1]:
        children[0] += [words[0], *children[1]]
        return children[0]
    raise DataError(
        f"a rule with the right side {' '.join(map(str, rhs))!r} has no arithmetic meaning; expected a shape "
        "of equation.cfg: A + B, f( A ), ( A ), ( A + B ), A, x or a number"
    )


def _collapse(chain: Chain) -> Program:
    """The program of a chain: products first, then sums, each from the left."""
    words, sign = chain[0], None  # the sign whose right side is being written
    for word, part in zip(chain[1::2], chain[2::2], strict=True):
        if word in "*/":
            words += [*part, word]
        else:
            words += part if sign is None else [sign, *part]
            sign = word
    return words if sign is None else [*words, sign]


def run(program: Program, points: np.ndarray, binary: Operators = BINARY) -> np.ndarray:
    """Values (P,) at the points (P,), not finite where there is none. `binary`: what + - * / do, of literals too."""
    stack: list[Value] = []
    with np.errstate(all="ignore"):
        try:
            for word in program:
                if word == "x":
                    stack.append(points)
                elif not isinstance(word, str):
                    stack.append(word)
                elif word in UNARY:
                    value = stack.pop()
                    stack.append(UNARY[word](float(value) if isinstance(value, int) else value))
                else:
                    right, left = stack.pop(), stack.pop()
                    stack.append(binary[word](left, right))
            value = np.asarray(stack.pop(), dtype=float)
        except (ZeroDivisionError, OverflowError):  # between literals, where Python raises
            value = np.asarray(np.nan)
    return np.broadcast_to(value, points.shape)
