"""Which strings a model was trained on, in five bytes each, so that novelty needs no data.

A string is remembered as the first 40 bits of its BLAKE2b digest. With 250,000 strings remembered, a new one
is taken for a seen one with probability 2e-7.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np


def hashes(strings: Iterable[str]) -> np.ndarray:
    """Sorted, distinct 40-bit hashes (n,) uint64 of strings in their canonical form."""
    return np.unique(_hashes(strings))


def contains(seen: np.ndarray, strings: Sequence[str]) -> np.ndarray:
    """Whether each string is among the `seen` (n,) hashes: (len(strings),) bool."""
    wanted = _hashes(strings)
    if not len(seen):
        return np.zeros(len(wanted), dtype=bool)
    place = np.searchsorted(seen, wanted).clip(max=len(seen) - 1)
    return np.asarray(seen[place] == wanted)


def pack(seen: np.ndarray) -> np.ndarray:
    """(n, 5) uint8: the hashes as they are stored."""
    return np.ascontiguousarray(seen.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :5])


def unpack(stored: np.ndarray) -> np.ndarray:
    """The hashes (n,) of what `pack` made; ValueError where it is something else."""
    if stored.dtype != np.uint8 or stored.ndim != 2 or stored.shape[1] != 5:
        raise ValueError(f"expected bytes of shape (n, 5), got {stored.dtype} {stored.shape}")
    return np.pad(stored, ((0, 0), (0, 3))).view("<u8")[:, 0].astype(np.uint64)


def _hashes(strings: Iterable[str]) -> np.ndarray:
    return np.fromiter(
        (int.from_bytes(blake2b(text.encode(), digest_size=5).digest(), "big") for text in strings),
        dtype=np.uint64,
    )
