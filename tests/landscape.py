"""A small search problem without a model: strings of ten half-integers, decoded from codes by rounding.

Run as a program it is the kill tests' run: `landscape.py killed JOURNAL BUDGET MOMENT …` or
`landscape.py interrupted JOURNAL BUDGET TIMES`; it prints how many runs were killed.
"""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from grammar_rae.optimization import BoxRegion, Optimizer, TrustRegion
from grammar_rae.optimization.surrogates import Exact

SIZE = 10
TARGET = np.linspace(-1.5, 1.5, SIZE)
BOX = BoxRegion(np.full(SIZE, -4.0), np.full(SIZE, 4.0))


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


def fork(path, budget, wrapped=lambda function: function):
    """A run in a fork of this process, which must not have fitted anything yet; its process id."""
    child = os.fork()
    if child == 0:
        optimizer(wrapped(score), decode=wrapped(decode), journal=path).run(budget)
        os._exit(0)
    return child


def was_killed(child):
    """Wait for a fork: whether SIGKILL ended it. AssertionError where anything but that or the end of the run did."""
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, -signal.SIGKILL)
    return code != 0


def killed(path, budget, moments):
    """Run once for every moment, killed (SIGKILL) at that call of `decode` or `score`, then once to the end.

    Returns how many runs were killed.
    """
    kills = 0
    for moment in [*moments, None]:
        calls = iter(range(1, 1_000_000))

        def mortal(function, calls=calls, moment=moment):
            def wrapped(argument):
                if next(calls) == moment:
                    os.kill(os.getpid(), signal.SIGKILL)
                return function(argument)

            return wrapped

        kills += was_killed(fork(path, budget, mortal))
    return kills


def interrupted(path, budget, times):
    """As `killed`, from outside after random times: so many kills, at most a twelfth of a whole run each."""
    begun = time.monotonic()
    whole = Path(path).with_name("whole.sqlite")
    was_killed(fork(whole, budget))
    longest, random, kills = (time.monotonic() - begun) / 12, np.random.default_rng(0), 0
    for _ in range(times):
        child = fork(path, budget)
        time.sleep(random.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
        kills += was_killed(child)
    was_killed(fork(path, budget))
    return kills


if __name__ == "__main__":
    import botorch  # noqa: F401  (once for all forks)

    way, path, budget, *numbers = sys.argv[1:]
    numbers = [int(number) for number in numbers]
    print(killed(path, int(budget), numbers) if way == "killed" else interrupted(path, int(budget), *numbers))
