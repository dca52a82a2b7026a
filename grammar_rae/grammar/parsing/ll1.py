"""Parsing where one token of look-ahead decides: a stack and a table."""

from __future__ import annotations

import numpy as np

from grammar_rae.compiling import compiled
from grammar_rae.grammar.parsing.lookahead import find


@compiled()
def parse_ll1(tokens, bounds, skip, tables, prefix):  # type: ignore[no-untyped-def]
    """Productions of every text in one array, their number a text (n,), failing tokens (n,) or −1.

    `tokens` (M,), cut by `bounds` (n + 1,); texts marked in `skip` (n,) are left out. `tables`: a Lookahead whose
    grammar is LL(1). With `prefix` a text is the beginning of a string: its derivation stops after the last token.
    """
    first_item, after, predicted, groups = tables.first_item, tables.after, tables.predicted, tables.groups
    terminals = tables.terminals
    n = len(bounds) - 1
    rules = np.empty(max(4 * len(tokens), 1024), np.int32)
    lengths = np.zeros(n, np.int64)
    failed = np.full(n, -1, np.int64)
    stack = np.empty(1024, np.int64)
    count = 0
    for i in range(n):
        if skip[i]:
            continue
        begin, at, end = count, bounds[i], bounds[i + 1]
        height = 1
        stack[0] = -2 - tables.start
        while True:
            token = tokens[at] if at < end else terminals
            if prefix and at == end:
                break
            if height == 0:
                if at < end:
                    failed[i] = at - bounds[i]
                break
            height -= 1
            symbol = stack[height]
            if symbol >= 0:
                if symbol != token:
                    failed[i] = at - bounds[i]
                    break
                at += 1
                continue
            group = tables.places[find((-2 - symbol) * (terminals + 2) + token, tables.places), 1]
            if group < 0:
                failed[i] = at - bounds[i]
                break
            rule = predicted[groups[group]]
            if count == len(rules):
                rules = np.concatenate((rules, np.empty_like(rules)))
            rules[count] = rule
            count += 1
            size = first_item[rule + 1] - first_item[rule] - 1
            if height + size > len(stack):
                stack = np.concatenate((stack, np.empty(len(stack) + size, np.int64)))
            for k in range(size):
                stack[height + k] = after[first_item[rule] + size - 1 - k]
            height += size
        if failed[i] >= 0:
            count = begin
        lengths[i] = count - begin
    return rules[:count], lengths, failed
