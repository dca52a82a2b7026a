"""Valid molecules a second, end to end, against rejection and against SELFIES, and where the time goes.

    python benchmarks/generation.py [-n 5000] [--model grae-smiles] [--device cuda] [--json]

All in one run, on as many strings:
- ours: codes from the density, network, machine, text, RDKit's canonical form;
- rejection: the same network with syntax alone, what RDKit refuses thrown away; its rate is given the time that
  the valence machine took back, since it could do without (`ratio_rejection`: ours over it);
- SELFIES: random strings of the package's robust alphabet, as long as ours, decoded and made canonical
  (`pip install 'grammar-rae[benchmarks]'`; it has no network to run: `ratio_selfies` says what a network costs).
`machine_alone`: molecules of 50 tokens a second through the machine, 4,096 at once.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import torch

from grammar_rae.datasets import canonicals
from grammar_rae.model.model import Model
from grammar_rae.noise import Noise

STEPS, BATCH = 50, 4096


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    begin = time.perf_counter()
    result = function()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return result, time.perf_counter() - begin


class Stopwatch(ExitStack):
    """Seconds spent, while it is open, in some methods of a class."""

    def __init__(self, target: type, names: tuple[str, ...]) -> None:
        super().__init__()
        self.seconds = 0.0
        for name in names:
            self.enter_context(patch.object(target, name, self._watch(getattr(target, name))))

    def _watch(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any) -> Any:
            result, seconds = timed(lambda: method(*arguments))
            self.seconds += seconds
            return result

        return watched


def shares(name: str, n: int, device: str) -> dict[str, float]:
    """Network, machine and the rest of the loop, in shares of the time to draw n strings as written."""
    model = Model.load(name, device)
    decoder = model.run.autoencoder.decoder
    with (
        Stopwatch(type(decoder.machine), ("start", "allowed", "advance", "features", "finished")) as machine,
        Stopwatch(type(decoder.net), ("start", "step")) as network,
    ):
        _, seconds = timed(lambda: model.generate(n, raw=True))
    return {
        "share_network": network.seconds / seconds,
        "share_machine": machine.seconds / seconds,
        "machine_of_network_and_machine": machine.seconds / (machine.seconds + network.seconds),
    }


def machine_alone(name: str, device: str) -> float:
    """Molecules of 50 tokens a second: masks and states, 4,096 at once, the choices given."""
    model = Model.load(name, device)
    machine, codec = model.run.autoencoder.decoder.machine, model.run.codec
    p = model.run.autoencoder.decoder(torch.zeros(BATCH, model.latent, device=model.device))
    with torch.no_grad():
        x = p.sample(Noise.first(0, BATCH, 0, model.device), 2.0)[:, :STEPS]

        def loop() -> None:
            state = machine.start(BATCH, codec.steps)
            for rule in x.unbind(1):
                machine.allowed(state)
                state = machine.advance(state, rule)

        loop()
        return BATCH / timed(loop)[1]


def selfies_rate(lengths: list[int]) -> float:
    """Random SELFIES of these lengths, decoded and made canonical, a second."""
    import selfies

    alphabet = sorted(selfies.get_semantic_robust_alphabet())
    draw = random.Random(0)
    strings = ["".join(draw.choices(alphabet, k=length)) for length in lengths]
    forms, seconds = timed(lambda: canonicals([selfies.decoder(text) for text in strings]))
    return sum(form is not None for form in forms) / seconds


def measure(name: str, n: int, device: str) -> dict[str, float | str | int]:
    model = Model.load(name, device)
    model.generate(100)
    raw, written = timed(lambda: model.generate(n, raw=True))
    ours, seconds = timed(lambda: model.generate(n))
    alone, unforced = timed(lambda: model.generate(n, syntax_only=True))
    split = shares(name, n, device)
    valid = sum(form is not None for form in canonicals(ours)) / n
    accepted = sum(form is not None for form in canonicals(alone))
    rejection = accepted / (unforced - split["share_machine"] * written)
    random_selfies = selfies_rate([len(row) for row in raw])
    return {
        "model": name,
        "device": device,
        "cores": os.cpu_count() or 1,
        "n": n,
        "valid": valid,
        "valid_by_syntax": accepted / n,
        "written_per_second": n / written,
        "valid_per_second": valid * n / seconds,
        "rejection_per_second": rejection,
        "ratio_rejection": valid * n / seconds / rejection,
        "selfies_per_second": random_selfies,
        "ratio_selfies": valid * n / seconds / random_selfies,
        **split,
        "machine_alone": machine_alone(name, device),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=5000)
    parser.add_argument("--model", default="grae-smiles")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(arguments.model, arguments.n, arguments.device)
    if arguments.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key:32} {value:,.4g}" if isinstance(value, float) else f"{key:32} {value}")
