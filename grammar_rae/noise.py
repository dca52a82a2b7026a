"""Counter-based noise: a number depends on (seed, sample index, stream, step) and on nothing else.

A sample is therefore the same whatever the batch size, the device, or how the work was split.
The generator is SplitMix64 (Steele, Lea, Flood, 2014), applied to the counter in nested rounds.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from grammar_rae.compiling import compiled

COMPONENT, LATENT, DECODING, POSTERIOR, RESAMPLING, VIEWING, SMOOTHING = range(7)

_GOLDEN = -7046029254386353131  # 0x9E3779B97F4A7C15 as a signed 64-bit integer
_FIRST = -4658895280553007687  # 0xBF58476D1CE4E5B9
_SECOND = -7723592293110705685  # 0x94D049BB133111EB


def device_is_cpu(x: Tensor) -> bool:
    """Whether the compiled loop can read it."""
    return x.device.type == "cpu"


def _signed(x: int) -> int:
    """Modulo 2^64, into the range of int64."""
    return (x + 2**63) % 2**64 - 2**63


def _shift(x: Tensor, bits: int) -> Tensor:
    """Logical right shift of int64."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def _mix(x: Tensor) -> Tensor:
    x = (x ^ _shift(x, 30)) * _FIRST
    x = (x ^ _shift(x, 27)) * _SECOND
    return x ^ _shift(x, 31)


@compiled()
def _bits_compiled(index, key, count, start):  # type: ignore[no-untyped-def]
    """The same numbers as the tensor formula, in one pass: int64 wraps in both."""
    bits = np.empty((len(index), count), np.int64)
    for b in range(len(index)):
        sample = _mix_one(key + (index[b] + 1) * _GOLDEN)
        for t in range(count):
            bits[b, t] = _mix_one(sample + (start + t + 1) * _GOLDEN)
    return bits


@compiled()
def _mix_one(x):  # type: ignore[no-untyped-def]
    x = (x ^ ((x >> 30) & ((1 << 34) - 1))) * _FIRST
    x = (x ^ ((x >> 27) & ((1 << 37) - 1))) * _SECOND
    return x ^ ((x >> 31) & ((1 << 33) - 1))


class Noise:
    """The noise of the samples `index` (B,) int64 under `seed`; its steps are counted from `offset`."""

    def __init__(self, seed: int, index: Tensor, offset: int = 0) -> None:
        self.seed = seed
        self.index = index.long()
        self.offset = offset

    @staticmethod
    def first(seed: int, count: int, start: int = 0, device: torch.device | str = "cpu") -> Noise:
        """Samples start … start + count − 1."""
        return Noise(seed, torch.arange(start, start + count, device=device))

    def after(self, steps: int) -> Noise:
        """The same noise, so many steps further in every stream."""
        return Noise(self.seed, self.index, self.offset + steps)

    def _bits(self, stream: int, count: int, start: int) -> Tensor:
        start = start + self.offset
        seed = torch.full((), _signed(self.seed + _GOLDEN), device=self.index.device)
        key = _mix(_mix(seed) + _signed((stream + 1) * _GOLDEN))
        if device_is_cpu(self.index):
            return torch.as_tensor(_bits_compiled(self.index.numpy(), key.item(), count, start))
        sample = _mix(key + (self.index + 1) * _GOLDEN)
        step = torch.arange(start + 1, start + count + 1, device=self.index.device)
        return _mix(sample[:, None] + step * _GOLDEN)

    def uniform(self, stream: int, count: int, start: int = 0) -> Tensor:
        """(B, count) float32 strictly inside (0, 1): steps start … start + count − 1 of a stream."""
        return (_shift(self._bits(stream, count, start), 41).float() + 0.5) * 2.0**-23

    def normal(self, stream: int, count: int, start: int = 0) -> Tensor:
        """(B, count) float32 standard normal, by the inverse of the distribution function."""
        u = (_shift(self._bits(stream, count, start), 12).double() + 0.5) * 2.0**-52
        return torch.special.ndtri(u).float()
