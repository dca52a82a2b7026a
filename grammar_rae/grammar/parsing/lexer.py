"""Longest-match tokens of whole batches, compiled: a trie over the bytes of the grammar's terminals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grammar_rae.compiling import compiled

Ints = NDArray[np.int64]


class Trie(NamedTuple):
    """A trie of S states over the bytes that terminals are made of."""

    column: NDArray[np.uint8]  # (256,) of each byte; 0 for one that no terminal has
    next: NDArray[np.int32]  # (S, columns) the state behind a byte, −1 where there is none
    accepts: NDArray[np.int32]  # (S,) the terminal that ends there, or −1


def build_trie(terminals: Sequence[str]) -> Trie:
    """The trie of a grammar's terminals."""
    words = [terminal.encode("utf-8", "surrogatepass") for terminal in terminals]
    used = sorted(set().union(*words))
    column = np.zeros(256, np.uint8)  # UTF-8 has fewer different bytes
    column[used] = np.arange(1, len(used) + 1)
    links: list[dict[int, int]] = [{}]
    accepts = [-1]
    for number, word in enumerate(words):
        state = 0
        for byte in word:
            state = links[state].setdefault(byte, len(links))
            if state == len(links):
                links.append({})
                accepts.append(-1)
        accepts[state] = number
    ahead = np.full((len(links), len(used) + 1), -1, np.int32)
    for state, link in enumerate(links):
        for byte, behind in link.items():
            ahead[state, column[byte]] = behind
    return Trie(column, ahead, np.array(accepts, np.int32))


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
def tokenise(body, offsets, trie):  # type: ignore[no-untyped-def]
    """Terminals (M,), where each text's begin (n + 1,), failures (n,).

    A failure is the byte, within its text, that no terminal begins at; −1 where all is well.
    """
    column, following, accepts = trie.column, trie.next, trie.accepts
    n = len(offsets) - 1
    tokens = np.empty(len(body), np.int32)
    bounds = np.zeros(n + 1, np.int64)
    failed = np.full(n, -1, np.int64)
    count = 0
    for i in range(n):
        begin, stop = offsets[i], offsets[i + 1]
        at = begin
        while at < stop:
            state, end, terminal, ahead = 0, at, -1, at
            while ahead < stop:
                state = following[state, column[body[ahead]]]
                if state < 0:
                    break
                ahead += 1
                if accepts[state] >= 0:
                    terminal, end = accepts[state], ahead
            if terminal < 0:
                failed[i] = at - begin
                break
            tokens[count] = terminal
            count += 1
            at = end
        bounds[i + 1] = count
    return tokens[:count], bounds, failed
