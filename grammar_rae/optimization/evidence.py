"""What a surrogate is fitted to, what it reads of a string, and what it then expects."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grammar_rae.errors import DataError
from grammar_rae.optimization import surrogates
from grammar_rae.optimization.candidates import Candidates, Encode
from grammar_rae.optimization.journal import Evaluation
from grammar_rae.optimization.regions import Found

Features = Callable[[Sequence[str]], np.ndarray]
AT_ONCE = 1000  # strings of which the surrogate tells what it expects


class Evidence:
    """Values of strings. The surrogate reads their codes, or features (n, F) of them where those are given; `known`
    are inputs and values beside a search's own. For `surrogate`, `features` and `known` see `Optimizer`.

    DataError where the surrogate is unknown, or reads strings and there are no features.
    """

    def __init__(
        self, surrogate: Any, features: Features | None, known: tuple[np.ndarray, np.ndarray] | None
    ) -> None:
        if surrogate in surrogates.READ_STRINGS and features is None:
            raise DataError(f"surrogate {surrogate} reads strings, not codes; expected features")
        surrogates.require()
        self.surrogate = surrogates.named(surrogate) if isinstance(surrogate, str) else surrogate
        self.known = None if known is None else (np.asarray(known[0], float), np.asarray(known[1], float))
        self._features, self._read = features, dict[str, np.ndarray]()

    def inputs(self, found: Candidates) -> np.ndarray:
        """What the surrogate reads of candidates."""
        return found.codes if self._features is None else self._features(found.strings)

    def fitted(self, rows: list[Evaluation], rounds: Sequence[Found], seed: int) -> tuple[Any, float]:
        """The surrogate of all values, and the best of them; None where fewer than two have one. `rounds` are the
        rows' codes and values.
        """
        z, y = [found.z for found in rounds], [found.y for found in rounds]
        if self._features is not None:
            z, y = [self._features_of([row.string for row in rows])], [np.array([row.value for row in rows])]
        if self.known is not None:
            z, y = [self.known[0], *z], [self.known[1], *y]
        inputs, values = np.concatenate(z), np.concatenate(y)
        finite = np.isfinite(values)
        if finite.sum() < 2:
            return None, math.nan
        values = np.where(finite, values, values[finite].min())
        return self.surrogate.fit(inputs, values, seed), float(values.max())

    def expected(self, model: Any, strings: Sequence[str], encode: Encode) -> np.ndarray:
        """(n,) the mean of a fitted surrogate; NaN where there is none."""
        import torch

        if model is None:
            return np.full(len(strings), np.nan)
        read = encode if self._features is None else self._features
        found: list[np.ndarray] = []
        with torch.no_grad():
            for first in range(0, len(strings), AT_ONCE):
                x = torch.as_tensor(np.asarray(read(list(strings[first : first + AT_ONCE])), float))
                found.append(model.posterior(x).mean[:, 0].numpy())
        return np.concatenate(found)

    def _features_of(self, strings: list[str]) -> np.ndarray:
        """The features of journal strings, each read once."""
        assert self._features is not None
        new = [string for string in strings if string not in self._read]
        if new:
            self._read.update(zip(new, self._features(new), strict=True))
        return np.array([self._read[string] for string in strings], float)
