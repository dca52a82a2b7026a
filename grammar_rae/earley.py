"""Earley's parser (1970) for whole batches, compiled, every item filtered by the next token.

Nullable nonterminals are stepped over when predicted (Aycock, Horspool 2002). The derivation is read
back from the chart from the right; of several the completed item that was found first is taken, so a
string always gets the same one.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def parse(  # type: ignore[no-untyped-def]
    tokens, bounds, skip, first_item, rule, lhs, after, viable, predicted, groups, nullable, start
):
    """Productions of every text in one array, their number a text (n,), failing tokens (n,) or −1."""
    n, terminals = len(bounds) - 1, viable.shape[1] - 1
    names = (len(groups) - 1) // (terminals + 1)
    longest = 0
    for i in range(n):
        longest = max(longest, bounds[i + 1] - bounds[i])
    rules = np.empty(max(8 * len(tokens), 1024), np.int64)
    lengths = np.zeros(n, np.int64)
    failed = np.full(n, -1, np.int64)
    count = 0
    item = np.empty(4096, np.int64)
    origin = np.empty(4096, np.int64)
    waits = np.empty(4096, np.int64)  # the next item of a column waiting for the same nonterminal
    column = np.zeros(longest + 2, np.int64)
    waiting = np.empty((longest + 1, names), np.int64)
    seen = np.zeros((len(rule), longest + 1), np.int64)
    asked = np.zeros(names, np.int64)
    stack = np.empty((4096, 3), np.int64)
    stamp = 0
    for i in range(n):
        if skip[i]:
            continue
        base, size = bounds[i], bounds[i + 1] - bounds[i]
        used = 0
        for k in range(size + 1):
            token = tokens[base + k] if k < size else terminals
            stamp += 1
            waiting[k, :] = -1
            column[k] = used
            if used + (k + 2) * len(rule) > len(item):
                room = 2 * len(item) + (k + 2) * len(rule)
                item = np.concatenate((item, np.empty(room, np.int64)))
                origin = np.concatenate((origin, np.empty(room, np.int64)))
                waits = np.concatenate((waits, np.empty(room, np.int64)))
            if k == 0:
                asked[start] = stamp
                group = start * (terminals + 1) + token
                for g in range(groups[group], groups[group + 1]):
                    item[used], origin[used] = first_item[predicted[g]], 0
                    seen[item[used], 0] = stamp
                    used += 1
            else:
                for p in range(column[k - 1], column[k]):
                    if after[item[p]] == tokens[base + k - 1] and viable[item[p] + 1, token]:
                        item[used], origin[used] = item[p] + 1, origin[p]
                        seen[item[used], origin[used]] = stamp
                        used += 1
            p = column[k]
            while p < used:
                here, symbol = item[p], after[item[p]]
                if symbol == -1:  # complete: advance what waited for it where it began
                    w = waiting[origin[p], lhs[here]]
                    while w >= 0:
                        step = item[w] + 1
                        if viable[step, token] and seen[step, origin[w]] != stamp:
                            seen[step, origin[w]] = stamp
                            item[used], origin[used] = step, origin[w]
                            used += 1
                        w = waits[w]
                elif symbol < -1:
                    name = -2 - symbol
                    waits[p] = waiting[k, name]
                    waiting[k, name] = p
                    group = name * (terminals + 1) + token
                    if asked[name] != stamp:
                        asked[name] = stamp
                        for g in range(groups[group], groups[group + 1]):
                            fresh = first_item[predicted[g]]
                            if seen[fresh, k] != stamp:
                                seen[fresh, k] = stamp
                                item[used], origin[used] = fresh, k
                                used += 1
                    # what it waits for may be complete already, over nothing
                    for q in range(column[k], p if nullable[name] else 0):
                        if after[item[q]] == -1 and origin[q] == k and lhs[item[q]] == name:
                            step = here + 1
                            if viable[step, token] and seen[step, origin[p]] != stamp:
                                seen[step, origin[p]] = stamp
                                item[used], origin[used] = step, origin[p]
                                used += 1
                p += 1
            if used == column[k]:
                failed[i] = k
                break
        column[size + 1] = used
        if failed[i] < 0 and _complete(item, origin, after, lhs, column, start, 0, size) < 0:
            failed[i] = size
        if failed[i] < 0:
            while True:
                lengths[i] = _read(
                    item, origin, column, first_item, rule, lhs, after, start, size, rules[count:], stack
                )
                if lengths[i] >= 0:
                    break
                rules = np.concatenate((rules, np.empty_like(rules)))
                stack = np.empty((2 * len(stack), 3), np.int64)
            count += lengths[i]
    return rules[:count], lengths, failed


@njit(cache=True, nogil=True)
def _complete(item, origin, after, lhs, column, name, begin, end):  # type: ignore[no-untyped-def]
    """The first completed item of a nonterminal from `begin` to `end`, or −1."""
    for p in range(column[end], column[end + 1]):
        if after[item[p]] == -1 and lhs[item[p]] == name and origin[p] == begin:
            return p
    return -1


@njit(cache=True, nogil=True)
def _holds(item, origin, column, wanted, begin, end):  # type: ignore[no-untyped-def]
    for p in range(column[end], column[end + 1]):
        if item[p] == wanted and origin[p] == begin:
            return True
    return False


@njit(cache=True, nogil=True)
def _read(item, origin, column, first_item, rule, lhs, after, start, size, out, stack):  # type: ignore[no-untyped-def]
    """Write the leftmost derivation into `out`; its length, or −1 where `out` or `stack` is too small."""
    stack[0, 0], stack[0, 1], stack[0, 2] = start, 0, size
    height, count = 1, 0
    while height:
        height -= 1
        name, begin, end = stack[height, 0], stack[height, 1], stack[height, 2]
        at = item[_complete(item, origin, after, lhs, column, name, begin, end)]
        if count == len(out):
            return -1
        out[count] = rule[at]
        count += 1
        place = end
        while at > first_item[rule[at]]:  # children from the right, so that the leftmost ends on top
            at -= 1
            symbol = after[at]
            if symbol >= 0:
                place -= 1
                continue
            child = -2 - symbol
            for p in range(column[place], column[place + 1]):
                if after[item[p]] == -1 and lhs[item[p]] == child:
                    if _holds(item, origin, column, at, begin, origin[p]):
                        if height == len(stack):
                            return -1
                        stack[height, 0], stack[height, 1], stack[height, 2] = child, origin[p], place
                        height += 1
                        place = origin[p]
                        break
    return count
