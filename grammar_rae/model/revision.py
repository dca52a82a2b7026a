"""Decoding with a second look: what was written is encoded again, and the code moved by what it missed.

Ours, after no paper. The encoder is deterministic, so that the string whose own code is the code asked for is the
string that was encoded; a decoder that misses it misses in some direction, and aiming as far to the other side
corrects it (the fixed point of integral control). Every second try is a plain draw at the code itself, which helps
where the correction has come to rest. Only strings that miss are written again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

GAIN, TEMPERATURE = 0.3, 0.5
SAME = 1e-3  # of a code's length: nearer than float32 convolutions over batches of two sizes tell apart

Codes = NDArray[np.floating]
Write = Callable[[Codes, NDArray[np.int64]], Sequence[str]]


def revised(
    codes: Codes, first: Sequence[str], write: Write, read: Callable[[Sequence[str]], Codes], revisions: int
) -> list[str]:
    """Of each code (D,) of `codes` (n, D) the string nearest to it by its own code: `first`, or one of so many more.

    `write(codes, index)` draws strings of codes under the noise of samples `index`; `read(strings)` gives their
    codes, a row of NaN for what cannot be read.
    """
    best, aimed = list(first), codes.copy()
    missed = codes - read(first)  # by the last string written at `aimed`
    nearest = _length(missed)
    for turn in range(1, revisions + 1):
        wanting = np.flatnonzero(nearest > SAME * _length(codes))
        if not len(wanting):
            break
        corrected = turn % 2 == 1
        if corrected:
            aimed[wanting] += GAIN * np.nan_to_num(missed[wanting])
        texts = write((aimed if corrected else codes)[wanting], wanting * (revisions + 1) + turn)
        offsets = codes[wanting] - read(texts)
        if corrected:
            missed[wanting] = offsets
        for i, text, distance in zip(wanting, texts, _length(offsets), strict=True):
            if distance < nearest[i]:
                best[i], nearest[i] = text, distance
    return best


def _length(codes: Codes) -> Codes:
    """(n,), infinite for a row of NaN."""
    return np.nan_to_num(np.linalg.norm(codes, axis=1), nan=np.inf)
