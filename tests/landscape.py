"""A small search problem without a model: strings of ten half-integers, decoded from codes by rounding.

Run as a program it is the run that the kill test kills: `landscape.py JOURNAL BUDGET [DIE_AFTER]`.
"""

import os
import signal
import sys

import numpy as np

from grammar_rae.optimization import Box, Optimizer, TrustRegion

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


def optimizer(score=score, region=None, **settings):
    return Optimizer(
        encode, decode, score, region or TrustRegion(BOX), **{"initial": 8, "batch": 4, **settings}
    )


def shown(journal):
    """What must not depend on kills: everything but times."""
    return [(e.number, e.round, e.string, e.status, repr(e.score), e.code.tobytes()) for e in journal.rows()]


if __name__ == "__main__":
    path, budget, *rest = sys.argv[1:]
    calls = 0

    def mortal(strings):
        global calls
        calls += 1
        if rest and calls > int(rest[0]):
            os.kill(os.getpid(), signal.SIGKILL)
        return score(strings)

    optimizer(mortal, journal=path).run(int(budget))
