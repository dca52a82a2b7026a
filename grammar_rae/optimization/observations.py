"""What has been observed, as the surrogate sees it: the inputs and values it is fitted to, and its predictions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from grammar_rae.catalogue import SURROGATES, look_up
from grammar_rae.errors import DataError
from grammar_rae.optimization import surrogates
from grammar_rae.optimization.candidates import Candidates, Encode
from grammar_rae.optimization.journal import Evaluation
from grammar_rae.optimization.regions import RoundResult
from grammar_rae.optimization.surrogates import Surrogate

if TYPE_CHECKING:
    from botorch.models.model import Model

Features = Callable[[Sequence[str]], np.ndarray]
AT_ONCE = 1000  # strings whose values are predicted together


class Observations:
    """Values of strings. A surrogate's inputs are the strings' codes, or features (n, F) of them where `features` is
    given; `known` are inputs and values beside those of the search. See `Optimizer`.

    DataError where no surrogate has that name, or it reads strings and there are no features.
    """

    def __init__(
        self,
        surrogate: str | Surrogate,
        features: Features | None,
        known: tuple[np.ndarray, np.ndarray] | None,
    ) -> None:
        self.surrogate = _named(surrogate, features) if isinstance(surrogate, str) else surrogate
        surrogates.require()
        self.known = None if known is None else (np.asarray(known[0], float), np.asarray(known[1], float))
        self._features = features
        self._remembered: dict[str, np.ndarray] = {}  # features (F,) of evaluated strings

    def inputs(self, candidates: Candidates) -> np.ndarray:
        """(n, ·) what the surrogate reads of candidates."""
        return candidates.codes if self._features is None else self._features(candidates.strings)

    def fit(
        self, rows: list[Evaluation], rounds: Sequence[RoundResult], seed: int
    ) -> tuple[Model | None, float]:
        """The surrogate fitted to all values, and the best value; (None, NaN) where fewer than two are finite.

        `rounds` are the codes and values of the rows. A string without a score counts as the worst value.
        """
        if self._features is None:
            parts = [(result.codes, result.values) for result in rounds]
        else:
            values = np.array([row.value for row in rows])
            parts = [(self._features_of([row.string for row in rows]), values)]
        if self.known is not None:
            parts.insert(0, self.known)
        inputs, values = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        finite = np.isfinite(values)
        if finite.sum() < 2:
            return None, math.nan
        values = np.where(finite, values, values[finite].min())
        return self.surrogate.fit(inputs, values, seed), float(values.max())

    def predict(self, model: Model | None, strings: Sequence[str], encode: Encode) -> np.ndarray:
        """(n,) the mean of a fitted surrogate at strings; NaN without one."""
        import torch

        if model is None:
            return np.full(len(strings), np.nan)
        read = encode if self._features is None else self._features
        means: list[np.ndarray] = []
        with torch.no_grad():
            for first in range(0, len(strings), AT_ONCE):
                inputs = torch.as_tensor(np.asarray(read(list(strings[first : first + AT_ONCE])), float))
                posterior: Any = model.posterior(inputs)
                means.append(posterior.mean[:, 0].numpy())
        return np.concatenate(means)

    def _features_of(self, strings: list[str]) -> np.ndarray:
        """(n, F) features of evaluated strings, computed once for each."""
        assert self._features is not None
        new = [string for string in strings if string not in self._remembered]
        if new:
            self._remembered.update(zip(new, self._features(new), strict=True))
        return np.array([self._remembered[string] for string in strings], float)


def _named(surrogate: str, features: Features | None) -> Surrogate:
    kind = look_up(SURROGATES, surrogate, "surrogate", DataError)
    if kind.reads_strings and features is None:
        raise DataError(f"surrogate {surrogate} reads strings, not codes; expected features")
    made: Surrogate = kind()
    return made
