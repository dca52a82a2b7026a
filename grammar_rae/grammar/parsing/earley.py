"""Earley's parser (1970) for whole batches, compiled, every item filtered by the next token.

Nullable nonterminals are stepped over when predicted (Aycock, Horspool 2002). Every item remembers the item
it was advanced from and the completed item that advanced it, the first that did: following these the
derivation is read back, and a string with several always gets the same one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grammar_rae.compiling import compiled
from grammar_rae.grammar.parsing.lookahead import find

# columns of the chart, one row an item: the dotted item, the token it began at, the next row of the same
# chart column waiting for the same nonterminal, the row it was advanced from, the completed row stepped over
ITEM, ORIGIN, NEXT, BEFORE, CHILD = range(5)
FAILED, FULL, TOO_LONG = -1, -2, -3
MOST_STEPS = 1 << 28  # completed rows tried against waiting ones for one text: seconds


class Marks(NamedTuple):
    """What the parser notes of L + 1 chart columns, I items and N nonterminals, used again for every text.

    A stamp is a number that one column of one text has.
    """

    waiting: NDArray[np.int32]  # (L + 1, N) the last row of a column that waits for a nonterminal
    seen: NDArray[np.int32]  # [origin, item] (L + 1, I): stamp of the column that has it
    asked: NDArray[np.int32]  # (N,) stamp of the column that predicted a nonterminal last


@compiled()
def parse_earley(tokens, bounds, skip, tables):  # type: ignore[no-untyped-def]
    """Productions of every text in one array, their number a text (n,), failing tokens (n,) or −1.

    `tokens` (M,), cut by `bounds` (n + 1,); texts marked in `skip` (n,) are left out. `tables`: a Lookahead. A failing
    token is the first that no string of the grammar has there; their count stands for the end. TOO_LONG stands for a
    text that takes more than MOST_STEPS, as ambiguous ones do that are long.
    """
    n = len(bounds) - 1
    rules = np.empty(max(8 * len(tokens), 1024), np.int32)
    lengths = np.zeros(n, np.int64)
    failed = np.full(n, -1, np.int64)
    chart = np.empty((4096, 5), np.int32)
    marks = _marks(np.diff(bounds)[~skip], tables)
    stack = np.empty(4096, np.int32)
    stamp, count = 0, 0
    for i in range(n):
        if skip[i]:
            continue
        text = tokens[bounds[i] : bounds[i + 1]]
        while True:
            root, place, _, _ = _fill(text, tables.terminals, chart, marks, stamp, tables)
            stamp += len(text) + 1
            if root != FULL:
                break
            chart = np.empty((4 * len(chart), 5), np.int32)
        failed[i] = TOO_LONG if root == TOO_LONG else place
        if root < 0:
            continue
        while True:
            lengths[i] = _read(chart, root, tables, rules[count:], stack)
            if lengths[i] >= 0:
                break
            rules = np.concatenate((rules, np.empty_like(rules)))
            stack = np.empty(2 * len(stack), np.int32)
        count += lengths[i]
    return rules[:count], lengths, failed


@compiled()
def expected_earley(tokens, bounds, tables):  # type: ignore[no-untyped-def]
    """(n, V + 1) bool: the tokens that may follow each text, the end in the last column.

    `tokens` and `bounds` as above; every text is one that strings of the grammar begin with.
    """
    n, end = len(bounds) - 1, tables.terminals
    expected = np.zeros((n, end + 1), np.bool_)
    chart = np.empty((4096, 5), np.int32)
    marks = _marks(np.diff(bounds), tables)
    stamp = 0
    for i in range(n):
        text = tokens[bounds[i] : bounds[i + 1]]
        while True:
            root, _, begin, used = _fill(text, end + 1, chart, marks, stamp, tables)
            stamp += len(text) + 1
            if root != FULL:
                break
            chart = np.empty((4 * len(chart), 5), np.int32)
        for p in range(begin, used):
            symbol = tables.after[chart[p, ITEM]]
            if symbol >= 0:
                expected[i, symbol] = True
        expected[i, end] = root >= 0
    return expected


@compiled()
def _marks(sizes, tables):  # type: ignore[no-untyped-def]
    longest = 0
    for size in sizes:
        longest = max(longest, size)
    nonterminals = len(tables.nullable)
    return Marks(
        np.empty((longest + 1, nonterminals), np.int32),
        np.zeros((longest + 1, len(tables.rule)), np.int32),
        np.zeros(nonterminals, np.int32),
    )


@compiled()
def _fill(text, last, chart, marks, stamp, tables):  # type: ignore[no-untyped-def]
    """The chart of one text that a token `last` follows; also where its last column begins and ends.

    The row that completes it and −1, or FAILED and the failing token, or FULL, or TOO_LONG.
    """
    lhs, after, start = tables.lhs, tables.after, tables.start
    waiting, seen, asked = marks.waiting, marks.seen, marks.asked
    size, used, begin, steps = len(text), 0, 0, 0
    for k in range(size + 1):
        token = text[k] if k < size else last
        stamp += 1
        previous, begin = begin, used
        used, scans = _scan(chart, previous, begin, token, tables)
        if k == 0:
            asked[start], waiting[0, start] = stamp, -1
            used = _predict(chart, used, 0, start, token, tables)
        if used == begin:
            return FAILED, k if k == 0 or scans else k - 1, begin, used
        p = begin
        while p < used:
            if used > len(chart) or steps > MOST_STEPS:
                return FULL if used > len(chart) else TOO_LONG, 0, begin, min(used, len(chart))
            here, origin = chart[p, ITEM], chart[p, ORIGIN]
            symbol = after[here]
            if symbol == -1:  # complete: advance what waited for it where it began
                w = waiting[origin, lhs[here]]
                while w >= 0:
                    steps += 1
                    used = _advance(chart, used, w, p, token, seen, stamp, tables)
                    w = chart[w, NEXT]
            elif symbol < -1:
                name = -2 - symbol
                if asked[name] != stamp:
                    asked[name], waiting[k, name] = stamp, -1
                    used = _predict(chart, used, k, name, token, tables)
                chart[p, NEXT] = waiting[k, name]
                waiting[k, name] = p
                if tables.nullable[name]:  # it may be complete already, over nothing
                    for q in range(begin, p):
                        done = chart[q, ITEM]
                        if after[done] == -1 and chart[q, ORIGIN] == k and lhs[done] == name:
                            used = _advance(chart, used, p, q, token, seen, stamp, tables)
            p += 1
    for p in range(begin, used):
        here = chart[p, ITEM]
        if after[here] == -1 and lhs[here] == start and chart[p, ORIGIN] == 0:
            return p, -1, begin, used
    return FAILED, size, begin, used


@compiled(inline="always")
def _may_stand(item, token, tables):  # type: ignore[no-untyped-def]
    """Whether a dotted item may stand in front of a token."""
    return tables.viable[item, token >> 3] >> (token & 7) & 1 == 1


@compiled(inline="always")
def _scan(chart, previous, begin, token, tables):  # type: ignore[no-untyped-def]
    """A row for every item of the column before that is past its terminal now, and how many there were."""
    used, scans = begin, 0
    for p in range(previous, begin):
        step = chart[p, ITEM] + 1
        if tables.after[step - 1] >= 0:  # it was viable, hence it is the token before
            scans += 1
            if _may_stand(step, token, tables):
                if used < len(chart):
                    chart[used, ITEM], chart[used, ORIGIN], chart[used, BEFORE] = step, chart[p, ORIGIN], p
                used += 1
    return used, scans


@compiled(inline="always")
def _predict(chart, used, k, name, token, tables):  # type: ignore[no-untyped-def]
    """A row of column k for every production of a nonterminal that the token may follow. Past its end none is kept."""
    group = tables.places[find(name * (tables.terminals + 2) + token, tables.places), 1]
    if group < 0:
        return used
    for g in range(tables.groups[group], tables.groups[group + 1]):
        if used < len(chart):
            chart[used, ITEM], chart[used, ORIGIN] = tables.first_item[tables.predicted[g]], k
        used += 1
    return used


@compiled(inline="always")
def _advance(chart, used, waiting, done, token, seen, stamp, tables):  # type: ignore[no-untyped-def]
    """Move the dot of a waiting row over a completed one, unless that row is there or leads nowhere."""
    step, origin = chart[waiting, ITEM] + 1, chart[waiting, ORIGIN]
    if _may_stand(step, token, tables) and seen[origin, step] != stamp:
        seen[origin, step] = stamp
        if used < len(chart):
            chart[used, ITEM], chart[used, ORIGIN] = step, origin
            chart[used, BEFORE], chart[used, CHILD] = waiting, done
        used += 1
    return used


@compiled()
def _read(chart, root, tables, out, stack):  # type: ignore[no-untyped-def]
    """Write the leftmost derivation into `out`; its length, or −1 where `out` or `stack` is too small."""
    stack[0] = root
    height, count = 1, 0
    while height:
        height -= 1
        p = stack[height]
        r = tables.rule[chart[p, ITEM]]
        if count == len(out):
            return -1
        out[count] = r
        count += 1
        dots = chart[p, ITEM] - tables.first_item[r]
        if height + dots > len(stack):
            return -1
        for _ in range(dots):  # children from the right, so that the leftmost ends on top
            if tables.after[chart[p, ITEM] - 1] < 0:
                stack[height] = chart[p, CHILD]
                height += 1
            p = chart[p, BEFORE]
    return count
