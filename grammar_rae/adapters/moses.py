"""MOSES (Polykovskiy et al., Frontiers in Pharmacology, 2020): a generator of its kind.

Its sampling script calls `sample(n_batch, max_len)` of a neural model, its baselines have `generate(n)`, and its
metrics take a list:

    from moses import get_all_metrics
    get_all_metrics(Sampler("grae-smiles").generate(30_000))
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grammar_rae.adapters.streams import Stream
from grammar_rae.errors import DataError
from grammar_rae.model.model import Model

ROUNDS = 20


class Sampler:
    """Molecules as MOSES asks for them. Every call draws others; the same seed gives the same calls.

    `model`: a name, a run folder or a loaded model; `how`: arguments of `Model.generate`, such as `density`.
    """

    def __init__(
        self, model: str | Path | Model = "grae-smiles", *, seed: int = 0, device: str = "cpu", **how: Any
    ) -> None:
        self._stream = Stream(model, seed, device, **how)

    def generate(self, n: int) -> list[str]:
        """n strings."""
        return self._stream.draw(n)

    def sample(self, n_batch: int, max_len: int = 100) -> list[str]:
        """`n_batch` strings of at most `max_len` characters. The models of MOSES cut a longer one off; here
        it is drawn again. DataError where 20 draws a string do not give enough short ones.
        """
        short: list[str] = []
        for _ in range(ROUNDS):
            short += [text for text in self._stream.draw(n_batch) if len(text) <= max_len]
            if len(short) >= n_batch:
                return short[:n_batch]
        raise DataError(
            f"max_len {max_len}: of {ROUNDS * n_batch:,} strings {len(short):,} are that short, {n_batch:,} were "
            "asked for; allow more characters"
        )
