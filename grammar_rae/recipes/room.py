"""How many numbers a model may be made of: counted while it is made, refused before their memory is taken."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from grammar_rae.errors import DataError

MADE = {torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.eye}


class Room(TorchFunctionMode):
    """Within it tensors of no more than so many `numbers` in all are made. DataError where they would be more."""

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.numbers = self.left = numbers

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Torch calls this in place of each of its functions."""
        kwargs = kwargs or {}
        if func in MADE:
            self.left -= 1 + _count(kwargs.get("size", args))
            if self.left < 0:
                raise DataError(
                    f"it would be made of more than {self.numbers:,} numbers; give smaller sizes, or fewer layers"
                )
        return func(*args, **kwargs)


def _count(sizes: Any) -> int:
    """How many numbers a tensor of sizes has, given as one by one or together, with what else was given behind."""
    sizes = sizes[0] if sizes and isinstance(sizes[0], tuple | list) else sizes
    return math.prod(size for size in sizes if isinstance(size, int))
