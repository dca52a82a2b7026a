"""Run by `functions.UserFunction` as a process of its own: strings in, numbers out, one JSON line each way.

The first line of standard input says where modules are, which function to call, for how many seconds at most and in
how much memory; every other line is a list of arguments: one string, or all of them. What the function prints goes to
standard error. Imports nothing of the package but its errors, so that it starts fast and can be killed at any time.

The function runs in a child of this process, which does nothing but wait: a function that kills its parent ends that,
and nobody else. An interrupt of both is an exception of the function's alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from itertools import islice
from typing import Any

END_WITH_PARENT = 1  # of Linux's prctl
GRACE = 5.0  # seconds after which a worker ends by itself that its owner should have killed


def function(name: str, place: str) -> Callable[[Any], Any]:
    """The function `module:name`; LookupError says what is missing."""
    module_name, _, path = name.partition(":")
    if not module_name or not path:
        raise LookupError("expected module:function")
    if module_name.endswith(".py") or not all(map(str.isidentifier, module_name.split("."))):
        raise LookupError(
            f"{module_name!r} is no module's name; write it as in import, without folders and .py"
        )
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
        items = list(islice(values, count + 1))
    except TypeError:
        raise NoNumber(f"returned {described(values)}, expected a list of {count} numbers") from None
    if len(items) != count:
        number = len(values) if hasattr(values, "__len__") else f"more than {count}"
        raise NoNumber(f"returned {number if len(items) > count else len(items)} numbers for {count} strings")
    return [as_number(value) for value in items]


def described(value: Any) -> str:
    """What a function returned, in a line of at most 100 characters."""
    if value is None:
        return "None"
    try:
        return f"{type(value).__name__} {value!r}".splitlines()[0][:100]
    except BaseException:  # a user's object, which may do anything when it is asked what it is
        return type(value).__name__


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
    words: str = importlib.import_module("grammar_rae.errors").said(error)
    return words


def step_aside() -> None:
    """Go on as a child of this process, which waits for it and then ends as it did; neither outlives the other."""
    if not hasattr(os, "fork"):
        return
    child = os.fork()
    if not child:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(END_WITH_PARENT, signal.SIGKILL)
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.close(0)
    os.close(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(code)


def bound(memory: int) -> None:
    """Have at most so many bytes, and be the first that a kernel out of memory ends."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")


def main() -> None:
    """Answer questions until standard input ends."""
    step_aside()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    questions = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    setup = json.loads(questions.readline())
    sys.path[:] = setup["path"]
    importlib.import_module("grammar_rae.errors")  # while there is memory
    bound(setup["memory"])
    silent = open(os.devnull, "w")  # noqa: SIM115
    faulthandler.dump_traceback_later(setup["loading"] + GRACE, exit=True, file=silent)
    try:
        call = function(setup["function"], os.getcwd())
        ready: dict[str, Any] = {"ready": True}
    except LookupError as error:
        ready = {"error": str(error.args[0])}
    except BaseException as error:  # importing runs the user's code
        ready = {"error": f"cannot be imported ({said(error)})"}
    faulthandler.cancel_dump_traceback_later()
    print(json.dumps(ready), file=answers, flush=True)
    if "error" in ready:
        return
    for line in questions:
        strings = json.loads(line)
        faulthandler.dump_traceback_later(setup["seconds"] * len(strings) + GRACE, exit=True, file=silent)
        result = answer(call, strings, setup["batch"])
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps(result), file=answers, flush=True)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):  # the owner has gone
        main()
