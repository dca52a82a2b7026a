"""Run by `symbolic.confirm` as a process of its own: pairs of programs in, one verdict a line out.

The first line of standard input is answered once SymPy is imported. Every other line is a JSON list of two programs in
postfix notation; the answer is true, false or null (SymPy cannot tell). Imports nothing of the package, so that it
starts fast and can be killed at any time.
"""

from __future__ import annotations

import contextlib
import json
import operator
import sys
from typing import Any

import sympy

MEMORY = 2 << 30  # bytes of address space; evaluating towers of exponentials may ask for any amount
X = sympy.Symbol("x", real=True)
BINARY = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
UNARY = {"sin": sympy.sin, "cos": sympy.cos, "exp": sympy.exp, "log": sympy.log}


def sympy_expression(program: list[Any]) -> Any:
    """The SymPy expression of a program, built operation by operation: no string is ever read by SymPy."""
    stack: list[Any] = []
    for word in program:
        if word == "x":
            stack.append(X)
        elif not isinstance(word, str):
            stack.append(sympy.nsimplify(word) if isinstance(word, float) else sympy.Integer(word))
        elif word in UNARY:
            stack.append(UNARY[word](stack.pop()))
        else:
            right, left = stack.pop(), stack.pop()
            stack.append(BINARY[word](left, right))
    return stack.pop()


def verdict(first: list[Any], second: list[Any]) -> bool | None:
    """Whether two programs are equal; None where SymPy cannot tell."""
    a, b = sympy_expression(first), sympy_expression(second)
    if any(e.has(sympy.nan, sympy.zoo, sympy.oo) for e in (a, b)):
        return None
    equal: bool | None = a.equals(b)
    return equal


def main() -> None:
    """Answer questions until standard input ends."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.stdin.readline()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        try:
            answer = verdict(*json.loads(line))
        except (ArithmeticError, MemoryError, NotImplementedError, RecursionError, TypeError, ValueError):
            answer = None
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
