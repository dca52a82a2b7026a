"""A small search problem without a model: strings of ten half-integers, decoded from codes by rounding.

Run as a program it is the kill tests' run: `landscape.py JOURNAL BUDGET [MOMENT …]`, killed at these moments; without
moments it says when it begins, for others to kill it.
"""

import os
import signal
import sys

import numpy as np

from grammar_rae.optimization import Box, Optimizer, TrustRegion
from grammar_rae.optimization.surrogates import Exact

SIZE = 10
TARGET = np.linspace(-1.5, 1.5, SIZE)
BOX = Box(np.full(SIZE, -4.0), np.full(SIZE, 4.0))


def decode(z):
    return [",".join(f"{value + 0.0:.1f}" for value in row) for row in np.round(np.asarray(z) * 2) / 2]


def encode(strings):
    return np.array([[float(value) for value in text.split(",")] for text in strings])


def score(strings):
    """Minus the distance to TARGET; no score where the first coordinate is above 3."""
    z = encode(strings)
    return np.where(z[:, 0] > 3, np.nan, -np.abs(z - TARGET).sum(1))


def optimizer(score=score, region=None, decode=decode, **settings):
    """Small and quick: eight draws, rounds of eight, few steps for a fit."""
    quick = {"initial": 8, "batch": 8, "surrogate": Exact(iterations=10)}
    return Optimizer(encode, decode, score, region or TrustRegion(BOX), **{**quick, **settings})


def shown(journal):
    """What must not depend on kills: everything but times."""
    return [(e.number, e.round, e.string, e.status, repr(e.score), e.code.tobytes()) for e in journal.rows()]


def killed(path, budget, moments):
    """Run once for every moment, killed (SIGKILL) at that call of `decode` or `score`, then once to the end.

    Returns how many runs were killed. Each is a fork of this process, which must not have fitted anything yet.
    """
    import botorch  # noqa: F401

    kills = 0
    for moment in [*moments, None]:
        child = os.fork()
        if child == 0:
            calls = iter(range(1, 1_000_000))

            def mortal(function, calls=calls, moment=moment):
                def wrapped(argument):
                    if next(calls) == moment:
                        os.kill(os.getpid(), signal.SIGKILL)
                    return function(argument)

                return wrapped

            optimizer(mortal(score), decode=mortal(decode), journal=path).run(budget)
            os._exit(0)
        kills += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    return kills


if __name__ == "__main__":
    path, budget, *moments = sys.argv[1:]
    if moments:
        print(killed(path, int(budget), [int(moment) for moment in moments]))
    else:
        import botorch  # noqa: F401

        print("begun", flush=True)
        optimizer(journal=path).run(int(budget))
