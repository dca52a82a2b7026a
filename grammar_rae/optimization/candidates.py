"""Strings that could be scored next: codes decoded before one is chosen, so that no evaluation is wasted."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from grammar_rae.optimization.regions import Region

Encode = Callable[[Sequence[str]], np.ndarray]
Decode = Callable[[np.ndarray], Sequence[str]]
Feasible = Callable[[list[str]], np.ndarray]
Alike = Callable[[list[str]], np.ndarray]
T = TypeVar("T")
Decoding = Generator[np.ndarray, Sequence[str], T]  # yields codes (n, D), is sent their strings


class Candidates(NamedTuple):
    """Different strings, none known, all feasible, and their codes (n, D)."""

    strings: list[str]
    codes: np.ndarray


def decoded(
    draws: Iterable[tuple[Region, int]],
    n: int,
    enough: int,
    encode: Encode,
    known: Mapping[str, bool],
    feasible: Feasible | None = None,
    alike: Alike | None = None,
) -> Decoding[Candidates]:
    """What n codes of a (region, seed) decode to; of the next one too, while there are fewer strings than `enough`.

    `known` says of every string met before whether what equals it is known too; `alike` gives the index of the first
    string that each one equals. A string's code is its own, the encoder's, not the one it was drawn at: many codes
    decode to a string, and only its own says what else lies near it. Where the encoder has none (NaN), it is the
    one drawn.
    """
    found: dict[str, np.ndarray] = {}
    refused: set[str] = set()
    for region, seed in draws:
        z = region.draw(n, seed)
        written = yield z
        fresh: dict[str, np.ndarray] = {}
        for string, code in zip(written, z, strict=True):
            if string not in known and string not in refused and string not in found:
                fresh.setdefault(string, code)
        strings = list(fresh)
        if alike is not None:
            before = [*(string for string, shared in known.items() if shared), *found]
            first = alike([*before, *strings])[len(before) :] - len(before)
            strings = [string for place, string in enumerate(strings) if first[place] == place]
            refused.update(fresh.keys() - set(strings))
        allowed = feasible(strings) if feasible and strings else [True] * len(strings)
        for string, ok in zip(strings, allowed, strict=True):
            if ok:
                found[string] = fresh[string]
            else:
                refused.add(string)
        if len(found) >= enough:
            break
    strings, drawn = list(found), np.array(list(found.values()), float)
    if not strings:
        return Candidates([], drawn)
    codes = np.asarray(encode(strings), float)
    return Candidates(strings, np.where(np.isnan(codes), drawn, codes))


def together(searches: Sequence[Decoding[T]], decode: Decode) -> list[T]:
    """What the searches return, the codes of all that want some decoded in one call."""
    found: dict[int, T] = {}
    wanted: dict[int, np.ndarray] = {}

    def resume(place: int, written: Sequence[str] | None) -> None:
        try:
            wanted[place] = searches[place].send(written)  # type: ignore[arg-type]
        except StopIteration as end:
            wanted.pop(place, None)
            found[place] = end.value

    for place in range(len(searches)):
        resume(place, None)
    while wanted:
        strings = decode(np.concatenate(list(wanted.values())))
        for place, z in list(wanted.items()):
            resume(place, strings[: len(z)])
            strings = strings[len(z) :]
    return [found[place] for place in range(len(searches))]
