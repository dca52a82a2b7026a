"""Run by `functions.UserFunction` as a process of its own: strings in, numbers out, one JSON line each way.

The first line of standard input says where modules are, which function to call and for how many seconds at most;
every other line is a list of arguments: one string, or all of them. What the function prints goes to standard
error. Imports nothing of the package, so that it starts fast and can be killed at any time.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

GRACE = 5.0  # seconds after which a worker ends by itself that its owner should have killed


def function(name: str, place: str) -> Callable[[Any], Any]:
    """The function `module:name`; LookupError says what is missing."""
    module_name, _, path = name.partition(":")
    if not module_name or not path:
        raise LookupError("expected module:function")
    try:
        value: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise LookupError(f"no module {module_name!r} in {place} or on Python's path") from error
    for part in path.split("."):
        if not hasattr(value, part):
            raise LookupError(f"module {module_name!r} has no {path!r}")
        value = getattr(value, part)
    if not callable(value):
        raise LookupError(f"{path!r} of module {module_name!r} is no function but a {type(value).__name__}")
    return value


class NoNumber(Exception):
    """What a function returned cannot be used; the message says what it was."""


def as_number(value: Any) -> float:
    """A number, or an array's only element without dimensions, as float."""
    try:
        if isinstance(value, str | bytes | bytearray) or (hasattr(value, "ndim") and value.ndim):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise NoNumber(f"returned {described(value)}, expected a number") from None


def as_numbers(values: Any, count: int) -> list[float]:
    """`count` numbers out of a list or array."""
    try:
        items = list(values)
    except TypeError:
        raise NoNumber(f"returned {described(values)}, expected a list of {count} numbers") from None
    if len(items) != count:
        raise NoNumber(f"returned {len(items)} numbers for {count} strings")
    return [as_number(value) for value in items]


def described(value: Any) -> str:
    """What a function returned, in a line of at most 100 characters."""
    text = "None" if value is None else f"{type(value).__name__} {value!r}"
    return text.splitlines()[0][:100]


def answer(call: Callable[[Any], Any], strings: list[str], batch: bool) -> dict[str, Any]:
    """{values: floats, NaN and infinity among them} or {error: why there are none}."""
    try:
        result = call(strings if batch else strings[0])
        return {"values": as_numbers(result, len(strings)) if batch else [as_number(result)]}
    except NoNumber as error:
        return {"error": str(error)}
    except BaseException as error:  # whatever a user's function raises is its result, SystemExit too
        return {"error": said(error)}


def said(error: BaseException) -> str:
    """The class of an exception and the first line of its message."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def main() -> None:
    """Answer questions until standard input ends."""
    questions = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    setup = json.loads(questions.readline())
    sys.path[:] = setup["path"]
    try:
        call = function(setup["function"], os.getcwd())
        ready: dict[str, Any] = {"ready": True}
    except LookupError as error:
        ready = {"error": str(error.args[0])}
    except BaseException as error:  # importing runs the user's code
        ready = {"error": f"cannot be imported ({said(error)})"}
    print(json.dumps(ready), file=answers, flush=True)
    if "error" in ready:
        return
    silent = open(os.devnull, "w")  # noqa: SIM115
    for line in questions:
        strings = json.loads(line)
        faulthandler.dump_traceback_later(setup["seconds"] * len(strings) + GRACE, exit=True, file=silent)
        result = answer(call, strings, setup["batch"])
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps(result), file=answers, flush=True)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):  # the owner has gone
        main()
