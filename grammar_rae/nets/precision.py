"""Mixed precision: nets compute in short numbers; what leaves them for probabilities and codes is in float32."""

from __future__ import annotations

from typing import TypeVar

from torch import Tensor

Values = TypeVar("Values", Tensor, list[Tensor])


def full(values: Values) -> Values:
    """What a net puts out, in float32 where it is shorter: sums of logarithms need all of their digits."""
    if isinstance(values, Tensor):
        return values.float() if values.itemsize < 4 else values
    return [full(value) for value in values]
