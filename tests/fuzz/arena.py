"""Commands run by the hundred, in processes that may crash, hang or want all memory, and how each of them ended."""

import contextlib
import faulthandler
import io
import json
import os
import resource
import signal
import sys
from dataclasses import dataclass

from grammar_rae import cli

DATA = 4 << 30  # bytes a process may take for its own
SECONDS = 20  # of processor time a command may take
PATIENCE = 15 * SECONDS  # the same by the clock, for one that only waits
BATCH = 50  # commands of a process
FAULTS = ("traceback", "crash", "hang", "blow-up")


@dataclass(frozen=True)
class Ending:
    """How a command ended: `accepted`, `refused` or a fault, and the last that it said on standard error."""

    how: str
    said: str = ""


def endings(commands):
    """One `Ending` a command, in their order."""
    found = []
    while len(found) < len(commands):
        found += _batch(commands[len(found) : len(found) + BATCH])
    return found


def _batch(commands):
    """The endings of the first commands, up to one that ended its process."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        _run(commands, theirs)
    os.close(theirs)
    with os.fdopen(ours) as lines:
        found = [Ending(*json.loads(line)) for line in lines]
    _, status = os.waitpid(child, 0)
    if len(found) == len(commands):
        return found
    ended = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    hang = ended in (signal.SIGPROF, signal.SIGALRM)
    return [*found, Ending("hang" if hang else "crash", f"signal {ended}, status {status}")]


def _run(commands, report):
    """The commands one after the other, each with its own time; the process ends here."""
    resource.setrlimit(resource.RLIMIT_DATA, (DATA, DATA))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.disable()  # a fault is told by its signal
    for number in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what libraries write beside Python
    try:
        for words in commands:
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            signal.setitimer(signal.ITIMER_REAL, PATIENCE)
            ending = _ending(words)
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
            os.write(report, f"{json.dumps(ending)}\n".encode())
    finally:
        os._exit(0)


def _ending(words):
    """[how, what it said last] of a command in this process."""
    sys.argv = ["grammar-rae", *words]
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in "oe")
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code or 0
        except MemoryError as error:
            return ["blow-up", repr(error)]
        except BaseException as error:  # what Python would print with a traceback
            text = f"{type(error).__name__}: {error!s:.300}{_place(error)}"
            return ["blow-up" if "alloc" in text else "traceback", text]
    said = err.buffer.getvalue().decode("utf-8", "replace").strip()
    if "Traceback" in said:
        return ["traceback", said[-300:]]
    if code in (0, None):
        return ["accepted", ""]
    return ["refused", said[-300:]] if said else ["traceback", f"exit code {code} without a word"]


def _place(error):
    """Where an exception was raised: the last line of the package on its way."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if f"{os.sep}grammar_rae{os.sep}" in code.co_filename:
            place = f" at {os.path.basename(code.co_filename)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
