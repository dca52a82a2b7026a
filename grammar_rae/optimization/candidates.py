"""Strings that could be scored next: codes are decoded before one is chosen, so that no evaluation is wasted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

from grammar_rae.memory import require
from grammar_rae.optimization.regions import Region

Encode = Callable[[Sequence[str]], np.ndarray]
Decode = Callable[[np.ndarray], Sequence[str]]
Feasible = Callable[[list[str]], np.ndarray]
Alike = Callable[[list[str]], np.ndarray]
T = TypeVar("T")
Decoding = Generator[np.ndarray, Sequence[str], T]  # yields codes (n, D), is sent their strings


class Candidates(NamedTuple):
    """Different strings, all of which may be evaluated, and their codes (n, D)."""

    strings: list[str]
    codes: np.ndarray

    def at(self, places: Sequence[int] | np.ndarray) -> Candidates:
        """Those at some places, in that order."""
        return Candidates([self.strings[place] for place in places], self.codes[places])

    def and_also(self, others: Candidates) -> Candidates:
        """These and others after them."""
        return Candidates(self.strings + others.strings, np.concatenate([self.codes, others.codes]))


@dataclass(frozen=True)
class Filter:
    """Which strings may be evaluated.

    `known` are the strings met before, and whether what equals one of them is known too; `feasible` says of strings
    (n,) which are; `alike` gives for each of them the index of the first string that it equals, (n,).
    """

    known: Mapping[str, bool]
    feasible: Feasible | None = None
    alike: Alike | None = None

    def passed(self, strings: list[str], candidates: Iterable[str]) -> list[str]:
        """Those of new strings that are feasible and equal no known string, no candidate and no earlier one."""
        if self.alike is not None:
            before = [*(string for string, counts in self.known.items() if counts), *candidates]
            first = self.alike([*before, *strings])[len(before) :] - len(before)
            strings = [string for place, string in enumerate(strings) if first[place] == place]
        if self.feasible is None or not strings:
            return strings
        return [string for string, ok in zip(strings, self.feasible(strings), strict=True) if ok]


def new_candidates(
    draws: Iterable[tuple[Region, int]], n: int, enough: int, encode: Encode, allowed: Filter
) -> Decoding[Candidates]:
    """The allowed strings that n codes of a (region, seed) decode to; then those of the next draw too, while there are
    fewer than `enough`.

    The code of a string is its own, the encoder's, not the one it was drawn at: many codes decode to one string, and
    only its own tells what else lies near it. Where the encoder has none (NaN), it is the one it was drawn at.
    """
    drawn_at: dict[str, np.ndarray] = {}
    refused: set[str] = set()
    for region, seed in draws:
        codes = region.draw(n, seed)
        strings = yield codes
        new: dict[str, np.ndarray] = {}
        for string, code in zip(strings, codes, strict=True):
            if string not in allowed.known and string not in refused and string not in drawn_at:
                new.setdefault(string, code)
        passed = allowed.passed(list(new), drawn_at)
        drawn_at.update({string: new[string] for string in passed})
        refused.update(new.keys() - drawn_at.keys())
        if len(drawn_at) >= enough:
            break
    drawn = np.array(list(drawn_at.values()), float)
    if not drawn_at:
        return Candidates([], drawn)
    own = np.asarray(encode(list(drawn_at)), float)
    return Candidates(list(drawn_at), np.where(np.isnan(own), drawn, own))


def decode_jointly(searches: Sequence[Decoding[T]], decode: Decode) -> list[T]:
    """Run many searches side by side, and decode the codes of all of them in one call; the result of each, in order.

    A search is a generator: it yields codes and waits until it is sent their strings. In every turn each search that
    has not ended waits with some codes; all of these are decoded together, and each search is resumed with its part of
    the strings, until it yields its next codes or returns its result.
    """
    results: dict[int, T] = {}
    waiting: dict[int, np.ndarray] = {}

    def resume(place: int, strings: Sequence[str] | None) -> None:
        """Send a search its strings, None to start it, and keep the codes it yields or the result it returns."""
        try:
            waiting[place] = searches[place].send(strings)  # type: ignore[arg-type]
        except StopIteration as end:
            waiting.pop(place, None)
            results[place] = end.value

    for place in range(len(searches)):
        resume(place, None)
    while waiting:
        strings = decode(np.concatenate(list(waiting.values())))
        for place, codes in list(waiting.items()):
            resume(place, strings[: len(codes)])
            strings = strings[len(codes) :]
    return [results[place] for place in range(len(searches))]


def most_frequent(
    draw: Callable[[np.ndarray, int], Sequence[str]],
    times: int,
    canonical: Callable[[Sequence[str]], Sequence[str | None]],
) -> Callable[[np.ndarray], list[str]]:
    """A decoder by vote, as the published protocol decodes (Kusner et al. 2017, with 25 or 500 draws a code).

    Of `times` strings drawn from each code by `draw(codes, seed)`, it takes the most frequent valid one in the spelling
    of `canonical` (None: not valid), the first among equally frequent ones, and «» where none is valid.
    """

    def decode(codes: np.ndarray) -> list[str]:
        """The string that wins the vote of each code of (n, D). DataError where the draws need too much memory."""
        draws = len(codes) * times
        require(draws * (8 * codes.shape[1] + 200), f"{times:,} draws of each of {len(codes):,} codes")
        drawn = canonical(draw(np.repeat(codes, times, axis=0), 0))
        strings = []
        for first in range(0, len(drawn), times):
            votes = Counter(text for text in drawn[first : first + times] if text is not None)
            strings.append(votes.most_common(1)[0][0] if votes else "")
        return strings

    return decode
