"""Masked sampling of derivations against the published loop, on the same logits in the same run.

1,000 × 277 × 76 standard-normal float32 logits of the ZINC grammar; strings are excluded on both sides.

    python benchmarks/decoding.py [--device cuda] [--json]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numba
import numpy as np
import torch
from nltk.grammar import Nonterminal

from grammar_rae.distributions.derivations import Derivations
from grammar_rae.distributions.masking import choose
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.machines.stack import StackMachine
from grammar_rae.noise import DECODING, Noise


def published(grammar: Grammar, unmasked: np.ndarray) -> np.ndarray:
    """The Grammar VAE's loop as its paper's code runs it: NumPy over the batch, a Python list a stack."""
    rng = np.random.default_rng(0)
    names = [Nonterminal(name) for name in grammar.nonterminals]
    lhs = grammar.tables.lhs
    masks = np.array([(lhs == a) & ~grammar.tables.dead for a in range(len(names))], dtype=np.float64)
    index = {name: i for i, name in enumerate(names)}
    rights = [
        [names[grammar.index[str(s)]] for s in p.rhs if not isinstance(s, str) and str(s) in grammar.index]
        for p in grammar.productions
    ]
    padding = names[lhs[grammar.pad]]
    stacks = [[names[grammar.start]] for _ in unmasked]
    x = np.empty(unmasked.shape[:2], dtype=np.int64)
    for t in range(unmasked.shape[1]):
        tops = [index[stack.pop() if stack else padding] for stack in stacks]
        masked = np.exp(unmasked[:, t]) * masks[tops] + 1e-100
        gumbel = -np.log(-np.log(rng.uniform(size=masked.shape)))
        x[:, t] = (np.log(masked) + gumbel).argmax(-1)
        for stack, rule in zip(stacks, x[:, t], strict=True):
            stack.extend(reversed(rights[rule]))
    return x


def timed(run: Callable[[], object], repeats: int) -> float:
    """The least seconds of several runs, after one that does not count."""
    run()
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return min(times)


def measure(device: str) -> dict[str, float | str | None]:
    grammar = Grammar.read("zinc")
    machine = StackMachine(grammar).to(device)
    column = torch.as_tensor(grammar.tables.column, device=device)
    logits = torch.randn(1000, 277, 76, generator=torch.Generator().manual_seed(0))
    p = Derivations(logits.to(device), machine, column)
    noise = Noise.first(0, 1000, device=device)

    def sample() -> None:
        p.sample(noise)
        if device != "cpu":
            torch.cuda.synchronize()

    def eager() -> None:
        u = noise.uniform(DECODING, 277)
        p.run(lambda t, scores: choose(scores, u[:, t]))

    begin = time.perf_counter()
    sample()
    compiled = time.perf_counter() - begin
    ours = timed(sample, 5)
    baseline = timed(lambda: published(grammar, logits.numpy()), 2)
    one = None
    tensors = None
    if device == "cpu":
        tensors = timed(eager, 1)
        threads = numba.get_num_threads()
        numba.set_num_threads(1)
        torch.set_num_threads(1)
        one = timed(sample, 5)
        numba.set_num_threads(threads)
    return {
        "device": device,
        "samples": 1000,
        "baseline_seconds": baseline,
        "seconds": ours,
        "compile_seconds": compiled,
        "ratio": baseline / ours,
        "ratio_one_thread": None if one is None else baseline / one,
        "ratio_eager": None if tensors is None else baseline / tensors,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(arguments.device)
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:18} {value:.4g}" if isinstance(value, float) else f"{name:18} {value}")
