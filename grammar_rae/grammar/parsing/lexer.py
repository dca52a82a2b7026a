"""Longest-match tokens of whole batches, compiled: a trie over the bytes of the grammar's terminals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from grammar_rae.compiling import compiled

Ints = NDArray[np.int64]


def build_trie(terminals: Sequence[str]) -> tuple[Ints, Ints]:
    """Transitions (states, 256), −1 where there is none, and the terminal each state accepts, or −1."""
    rows, accepts = [[-1] * 256], [-1]
    for number, terminal in enumerate(terminals):
        state = 0
        for byte in terminal.encode():
            if rows[state][byte] < 0:
                rows[state][byte] = len(rows)
                rows.append([-1] * 256)
                accepts.append(-1)
            state = rows[state][byte]
        accepts[state] = number
    return np.array(rows), np.array(accepts)


def packed(texts: Sequence[str]) -> tuple[NDArray[np.uint8], Ints]:
    """All texts' bytes in one array (M,), and where each of the n begins (n + 1,)."""
    joined = "".join(texts)
    body = joined.encode("utf-8", "surrogatepass")
    same = len(body) == len(joined)
    sizes = map(len, texts) if same else (len(text.encode("utf-8", "surrogatepass")) for text in texts)
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter(sizes, np.int64, len(texts)), out=offsets[1:])
    return np.frombuffer(body, np.uint8), offsets


@compiled()
def tokenise(body, offsets, trie, accepts):  # type: ignore[no-untyped-def]
    """Terminals (M,), the byte each begins at (M,), where each text's begin (n + 1,), failures (n,).

    A failure is the byte, within its text, that no terminal begins at; −1 where all is well.
    """
    n = len(offsets) - 1
    tokens = np.empty(len(body), np.int64)
    starts = np.empty(len(body), np.int64)
    bounds = np.zeros(n + 1, np.int64)
    failed = np.full(n, -1, np.int64)
    count = 0
    for i in range(n):
        at = offsets[i]
        while at < offsets[i + 1]:
            state, end, terminal, ahead = 0, at, -1, at
            while ahead < offsets[i + 1]:
                state = trie[state, body[ahead]]
                if state < 0:
                    break
                ahead += 1
                if accepts[state] >= 0:
                    terminal, end = accepts[state], ahead
            if terminal < 0:
                failed[i] = at - offsets[i]
                break
            tokens[count], starts[count] = terminal, at - offsets[i]
            count += 1
            at = end
        bounds[i + 1] = count
    return tokens[:count], starts[:count], bounds, failed
