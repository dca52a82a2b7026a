"""scikit-learn: a model's codes as the features of a pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin

from grammar_rae.adapters.streams import opened
from grammar_rae.errors import DataError
from grammar_rae.model.model import Model

NAMED = 10  # refused rows named in a message


class Latents(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Strings to codes (n, latent) float32 and back, by a model that is already trained: fitting learns nothing.

        make_pipeline(Latents("grae-smiles"), Ridge()).fit(smiles, y)

    `model`: a name, a run folder or a loaded model. A pickle of the first two holds the name alone.
    `errors`: what becomes of items that the model cannot read. "raise": DataError names their rows; "nan": their
    rows are NaN, for steps that take it (an imputer, histogram gradient boosting), and no row is ever dropped.
    """

    def __init__(
        self, model: str | Path | Model = "grae-smiles", *, errors: str = "raise", device: str = "cpu"
    ) -> None:
        self.model = model
        self.errors = errors
        self.device = device

    def fit(self, X: ArrayLike, y: Any = None) -> Latents:
        """Load the model, so that a wrong name fails here. DataError where there is none, or `X` is no strings."""
        self._opened()
        _items(X)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """(n, latent) codes of strings, given as (n,) or as one column (n, 1). DataError by `errors`."""
        model, items = self._opened(), _items(X)
        texts = [i for i, item in enumerate(items) if isinstance(item, str)]
        codes, readable, refused = model.encode_known([items[i] for i in texts])
        why = {i: "not a string" for i in set(range(len(items))).difference(texts)}
        why |= {texts[i]: reason for i, reason in refused}
        if why and self.errors == "raise":
            raise DataError(_message(model.recipe.name, items, why))
        z = np.full((len(items), model.latent), np.nan, np.float32)
        z[[texts[i] for i in readable]] = codes
        return z

    def inverse_transform(self, X: ArrayLike) -> list[str | None]:
        """The likeliest strings of codes (n, latent). A row of NaN: None with errors="nan", else DataError."""
        model = self._opened()
        z = np.asarray(X, np.float32)
        if z.ndim != 2 or z.shape[1] != model.latent:
            raise DataError(f"codes of shape {z.shape}; {model.recipe.name} takes (n, {model.latent})")
        finite = np.isfinite(z).all(1)
        if self.errors == "raise" and not finite.all():
            rows = np.flatnonzero(~finite)
            raise DataError(
                f"{len(rows):,} of {len(z):,} codes are not finite, the first in row {rows[0]}; "
                "errors='nan' gives None there"
            )
        strings: list[str | None] = [None] * len(z)
        for i, text in zip(np.flatnonzero(finite), model.decode(z[finite]), strict=True):
            strings[i] = text
        return strings

    @property
    def _n_features_out(self) -> int:
        return self._opened().latent

    def _opened(self) -> Model:
        if self.errors not in ("raise", "nan"):
            raise DataError(f"errors={self.errors!r}; expected 'raise' or 'nan'")
        return opened(self.model, self.device)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.one_d_array = tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.allow_nan = self.errors == "nan"
        tags.transformer_tags.preserves_dtype = []
        return tags


def _items(X: Any) -> list[Any]:
    """The items of (n,) or (n, 1). DataError for any other shape."""
    if isinstance(X, str):
        raise DataError(f"one string, {X[:40]!r}; expected a list of strings, one an item")
    items = np.asarray(X, dtype=object)
    if items.ndim == 2 and items.shape[1] == 1:
        items = items[:, 0]
    if items.ndim != 1:
        raise DataError(f"an array of shape {items.shape}; expected strings, (n,) or one column (n, 1)")
    return items.tolist()


def _message(name: str, items: Sequence[Any], why: dict[int, str]) -> str:
    rows = sorted(why)
    more = f" and {len(rows) - NAMED:,} more" if len(rows) > NAMED else ""
    return (
        f"{name} cannot read {len(rows):,} of {len(items):,} items, rows {', '.join(map(str, rows[:NAMED]))}{more}; "
        f"row {rows[0]}, {str(items[rows[0]])[:80]!r}: {why[rows[0]].splitlines()[0]}. "
        "Take them out, or keep their rows as NaN with errors='nan'"
    )
