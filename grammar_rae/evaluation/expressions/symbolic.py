"""SymPy's opinion on which expressions are equal, within a time limit."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from grammar_rae.errors import DataError
from grammar_rae.evaluation.expressions.programs import Program
from grammar_rae.evaluation.workers import Worker, WorkerError

SCRIPT = Path(__file__).with_name("sympy_worker.py")
LOADING = 30.0  # seconds that SymPy may take to be imported


def confirm(
    pairs: Sequence[tuple[Program, Program]], seconds: float, each: float | None = None, script: Path = SCRIPT
) -> list[bool | None]:
    """For each pair of programs: True, SymPy proves them equal; False, it finds them different; None, in doubt.

    In doubt is what SymPy cannot tell, what takes it longer than `each` seconds (a tenth of `seconds` where
    not given), and what is left when `seconds` have passed. The work is done by a `script` in a process of its own,
    killed when a pair takes too long. DataError where SymPy cannot be started.
    """
    verdicts: list[bool | None] = []
    end, limit = time.monotonic() + seconds, seconds / 10 if each is None else each
    with closing(Worker(script, None, LOADING, silent=True)) as worker:
        while len(verdicts) < len(pairs) and time.monotonic() < end:
            try:
                worker.start()
            except WorkerError:
                problem = f"SymPy cannot be started: `{sys.executable} -c 'import sympy'` says why"
                raise DataError(problem) from None
            try:
                verdicts.append(
                    worker.ask(pairs[len(verdicts)], max(0.0, min(limit, end - time.monotonic())))
                )
            except WorkerError:
                verdicts.append(None)
    return verdicts + [None] * (len(pairs) - len(verdicts))
