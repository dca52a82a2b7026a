"""Codes as a user gives them: arrays, tensors or lists, refused by row where they are none of a model's."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from grammar_rae.errors import DataError, excerpt
from grammar_rae.files.arrays import read_array

if TYPE_CHECKING:
    from grammar_rae.model.model import Model

REAL = "iuf"  # kinds of dtypes: whole numbers with and without a sign, others


def codes_of(model: Model, z: NDArray[Any] | Tensor | Sequence[Any]) -> NDArray[np.float32]:
    """(n, latent) codes of a model.

    DataError names the first row that is none: of another length, or no numbers that are finite in single precision.
    """
    given = z.detach().cpu() if isinstance(z, Tensor) else z
    given = given.float() if isinstance(given, Tensor) and given.is_floating_point() else given
    try:
        array = np.asarray(given)
    except (ValueError, TypeError) as error:  # rows of several lengths
        raise DataError(_odd_row(model, list(z))) from error
    if array.dtype.kind == "O" and array.ndim:
        raise DataError(_odd_row(model, list(z)))
    wrong = _problem(model, array.dtype, array.shape)
    if wrong:
        raise DataError(wrong)
    with np.errstate(over="ignore"):
        codes = array.astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(codes).all(1))
    if len(bad):
        raise DataError(
            f"code {bad[0]} is not finite ({len(bad):,} of {len(codes):,} are not); expected numbers"
        )
    return codes


def read_codes(model: Model, path: str | Path) -> NDArray[np.float32]:
    """Codes (n, latent) of a model from an `.npy`, or from an `.npz`, where they are called `codes` or alone.

    DataError as `codes_of` and `files.arrays.read_array`.
    """
    codes = read_array(path, "codes", lambda dtype, shape: _problem(model, dtype, shape))
    try:
        return codes_of(model, codes)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _problem(model: Model, dtype: np.dtype[Any], shape: tuple[int, ...]) -> str:
    """Why an array holds no codes of a model, "" where it may."""
    if dtype.kind in REAL and len(shape) == 2 and shape[1] == model.latent:
        return ""
    kind = "" if dtype.kind in REAL else f"{excerpt(str(dtype))[0]} "
    shown = excerpt(str(tuple(shape)))[0]
    return f"{kind}codes of shape {shown}; {model.recipe.name} takes numbers (n, {model.latent})"


def _odd_row(model: Model, rows: Sequence[Any]) -> str:
    """The first row that is no list of as many numbers as a code has."""
    for place, row in enumerate(rows):
        with suppress(ValueError, TypeError):  # of a row that is itself uneven
            numbers = np.asarray(row)
            if numbers.dtype.kind in REAL and numbers.shape == (model.latent,):
                continue
        return f"code {place} is {excerpt(repr(row))[0]}; expected {model.latent} numbers"
    return f"codes of no type of numbers; {model.recipe.name} takes (n, {model.latent})"
