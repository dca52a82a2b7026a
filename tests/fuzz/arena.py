"""Commands run by the hundred, in processes that may crash, hang or want all memory, and how each of them ended."""

import contextlib
import importlib
import io
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass

DATA = 4 << 30  # bytes a process may take for its own
SECONDS = 20  # of processor time a command may take
PATIENCE = 15  # times that by the clock, for one that only waits
BATCH = 200  # commands of a process
FAULTS = ("traceback", "crash", "hang", "blow-up")


@dataclass(frozen=True)
class Ending:
    """How a command ended: `accepted`, `refused` or a fault, and the last that it said on standard error."""

    how: str
    said: str = ""


def endings(commands, program="grammar_rae.cli", seconds=SECONDS):
    """One `Ending` a command, in their order, of the function `main` of a module."""
    found = []
    while len(found) < len(commands):
        found += _batch(commands[len(found) : len(found) + BATCH], program, seconds)
    return found


def _batch(commands, program, seconds):
    """The endings of the first commands, up to one that ended its process.

    The process is a new one: torch's threads do not outlive a fork. Its report is a file, which workers that it leaves
    behind do not keep open.
    """
    with tempfile.TemporaryFile("w+") as asked, tempfile.TemporaryFile("w+") as report:
        asked.write(json.dumps(commands))
        asked.seek(0)
        words = [sys.executable, __file__, program, str(seconds)]
        status = subprocess.run(words, stdin=asked, stdout=report, stderr=subprocess.DEVNULL).returncode
        report.seek(0)
        found = [Ending(*json.loads(line)) for line in report]
    if len(found) == len(commands):
        return found
    hang = -status in (signal.SIGPROF, signal.SIGALRM)
    return [*found, Ending("hang" if hang else "crash", f"status {status}")]


def _run(program, seconds):
    """The commands that standard input holds, one after the other, each with its own time; the process ends here."""
    main = importlib.import_module(program).main
    commands, report = json.load(sys.stdin), os.dup(1)
    for stream, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY)):  # and what libraries write beside Python
        os.dup2(os.open(os.devnull, mode), stream)
    resource.setrlimit(resource.RLIMIT_DATA, (DATA, DATA))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        for words in commands:
            signal.setitimer(signal.ITIMER_PROF, seconds)
            signal.setitimer(signal.ITIMER_REAL, PATIENCE * seconds)
            ending = _ending(main, words)
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
            os.write(report, f"{json.dumps(ending)}\n".encode())
    finally:
        os._exit(0)


def _ending(main, words):
    """[how, what it said last] of a command in this process."""
    sys.argv = ["grammar-rae", *words]
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in "oe")
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
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


if __name__ == "__main__":
    _run(sys.argv[1], int(sys.argv[2]))
