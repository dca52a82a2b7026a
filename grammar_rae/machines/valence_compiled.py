"""The SMILES machine along written rows, compiled for the CPU: the same masks and features as the tensors'.

A row is followed alone, production after production, without the many small tensors of a whole batch: training asks for
masks and features in every step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grammar_rae.chemistry.bonds import MOST
from grammar_rae.compiling import compiled
from grammar_rae.machines.valence_tables import AFTER_BRANCH, NEVER, OWED, SUMS, Costs

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
GROW, FILL, ONWARD = (Costs._fields.index(name) for name in ("grow", "fill", "onward"))
KIND, SUM, ATOM, DEPTH, COUNT, ORDER, BRANCHING, CONTINUING, HEIGHT, BASE, DONE = range(11)
OPENER, BLOCKED, SPENT, OPENED_AT, LOWEST = range(5)
MARKS = 7  # features of a ring label


class Tables(NamedTuple):
    """What a `ValenceMachine` knows, as arrays: K kinds, W bond sums, R productions."""

    slot: Ints  # (R,)
    costs: Ints  # (K · W, 5)
    finish: Ints  # (W, 2, K)
    takes: Bools  # (4, K)
    largest: Ints  # (K,)
    logs: Floats  # (…,) log(1 + n)
    carbon: int
    bond: int  # where roles stand in a row, as in `Slots`
    ring: int
    branch: int
    end: int
    pad: int


@compiled()
def replayed(x: Ints, steps: int, tables: Tables, masks: Bools, features: Floats) -> None:
    """Fill masks (B, T, R) and features (B, T, F) along x (B, T), with a budget of `steps`."""
    labels = tables.branch - tables.ring
    roles = np.zeros(tables.pad + 1, np.bool_)
    for b in range(len(x)):
        row = np.zeros(DONE + 1, np.int64)
        row[ATOM], row[DEPTH] = -2, -1
        frames = np.zeros((steps // 3 + 2, 4), np.int64)
        rings = np.zeros((LOWEST + 1, labels), np.int64)
        rings[OPENER] = -1
        for t in range(x.shape[1]):
            _allow(row, rings, steps - t - 1, tables, roles)
            for rule in range(len(tables.slot)):
                masks[b, t, rule] = roles[tables.slot[rule]]
            _describe(row, rings, tables, features[b, t])
            _advance(row, frames, rings, tables.slot[x[b, t]], tables)


@compiled()
def _allow(row: Ints, rings: Ints, rest: int, tables: Tables, roles: Bools) -> None:
    """`ValenceMachine.allowed` of a row with `rest` steps left after the next, by role."""
    roles[:] = False
    if row[DONE]:
        roles[tables.pad] = True
        return
    count, own = 0, 0
    for opener in rings[OPENER]:
        count += opener >= 0
        own += opener == row[ATOM]
    _allow_atoms(row, count, own, rest, tables, roles)
    costs, inside, base = tables.costs[row[KIND] * SUMS + row[SUM] + 1], row[HEIGHT] > 0, row[BASE]
    opens = _fits_labelled(costs, inside, count + 1, own + 1, rest - base)
    closes = _fits_labelled(costs, inside, count - 1, own, rest - base)
    lowest = True
    for i in range(rings.shape[1]):
        if rings[OPENER, i] >= 0:
            roles[tables.ring + i] = closes and not rings[BLOCKED, i]
        elif not rings[SPENT, i]:
            roles[tables.ring + i], lowest = opens and lowest, False
    fits = 1 + base + costs[AFTER_BRANCH] + 2 * count + 1 <= rest
    roles[tables.branch] = costs[GROW] < NEVER and fits
    fits = base + 2 * count <= rest if inside else count == 0
    roles[tables.end] = tables.costs[row[KIND] * SUMS + row[SUM], OWED] == 0 and fits


@compiled()
def _allow_atoms(row: Ints, rings: int, own: int, rest: int, tables: Tables, roles: Bools) -> None:
    """The atoms and bonds that may be next, where so many rings are open, some of them the current atom's own."""
    branching = row[BRANCHING] > 0
    outside = row[HEIGHT] == 0 and not branching
    onward, onward_closed = int(outside and rings > 0), int(outside and rings > 1)
    for order in range(4):
        costs = tables.costs[row[KIND] * SUMS + row[SUM] + order]
        leaves = costs[GROW] < NEVER if branching else costs[OWED] == 0
        leaves = leaves and tables.takes[order, row[KIND]]
        room = rest - (row[BASE] + (costs[AFTER_BRANCH] if branching else 0) + 2 * rings + 1)
        filled, closed = tables.finish[order, onward], tables.finish[order + 1, onward_closed]
        if order > 0:
            least = filled[tables.carbon]
            least = min(least, closed[tables.carbon] - 1) if rings > own else least
            roles[tables.bond + order - 1] = leaves and least + 1 <= room
        if order == row[ORDER] and (leaves or row[COUNT] == 0):
            for kind in range(tables.bond):
                least = min(filled[kind], closed[kind] - 1) if rings > own else filled[kind]
                roles[kind] = tables.takes[order, kind] and least <= room


@compiled()
def _fits_labelled(costs: Ints, inside: bool, rings: int, own: int, room: int) -> bool:
    """Whether the current atom, with a label more, can be finished where so many rings are open then."""
    onward = costs[ONWARD] + int(costs[ONWARD] == 0 and own == rings)
    steps = onward if not inside and rings > 0 else costs[FILL]
    return bool(steps + 1 + 2 * rings <= room)


@compiled()
def _describe(row: Ints, rings: Ints, tables: Tables, features: Floats) -> None:
    """`ValenceMachine.features` of a row."""
    features[:] = 0
    owed = min(tables.costs[row[KIND] * SUMS + row[SUM], OWED], 3)
    if owed:
        features[owed - 1] = 1
    features[3 + min(max(tables.largest[row[KIND]] - row[SUM], 0), 4)] = 1
    features[8], features[9] = row[ORDER] == 2, row[ORDER] == 3
    features[10], features[11] = row[BRANCHING], row[CONTINUING]
    count = 0
    for i in range(rings.shape[1]):
        if rings[OPENER, i] >= 0:
            count += 1
            own = features[14 + MARKS * i : 14 + MARKS * (i + 1)]
            size = rings[OPENED_AT, i] + row[DEPTH] - 2 * rings[LOWEST, i] + 1
            own[0], own[1] = 1, not rings[BLOCKED, i]
            own[2 + min(max(size - 4, 0), 4)] = 1
    features[12], features[13] = tables.logs[row[HEIGHT]], tables.logs[count]


@compiled()
def _advance(row: Ints, frames: Ints, rings: Ints, slot: int, tables: Tables) -> None:
    """`ValenceMachine.advance` by a production of a slot."""
    row[CONTINUING] = slot == tables.end and row[HEIGHT] > 0
    if slot < tables.bond:
        _write_atom(row, frames, rings, slot, tables)
    elif slot < tables.ring:
        row[ORDER] = slot - tables.bond + 1
    elif slot < tables.branch:
        _write_label(row, rings, slot - tables.ring)
    elif slot == tables.branch:
        row[BRANCHING] = 1
    elif row[CONTINUING]:
        row[HEIGHT] -= 1
        row[: DEPTH + 1] = frames[min(row[HEIGHT], len(frames) - 1)]
        row[BASE] -= tables.costs[row[KIND] * SUMS + row[SUM], AFTER_BRANCH]
        rings[LOWEST] = np.minimum(rings[LOWEST], row[DEPTH])
    elif slot == tables.end:
        row[DONE] = 1


@compiled()
def _write_atom(row: Ints, frames: Ints, rings: Ints, kind: int, tables: Tables) -> None:
    """The atom that waits for its branch goes on the stack of frames."""
    if row[BRANCHING]:
        left = min(row[SUM] + row[ORDER], MOST + 1)
        frame = frames[min(row[HEIGHT], len(frames) - 1)]
        frame[:] = row[: DEPTH + 1]
        frame[SUM] = left
        row[BASE] += tables.costs[row[KIND] * SUMS + left, AFTER_BRANCH]
        row[HEIGHT] += 1
    rings[BLOCKED] = rings[OPENER] == row[ATOM]
    rings[SPENT] = 0
    row[KIND], row[SUM], row[ATOM], row[DEPTH] = kind, row[ORDER], row[COUNT], row[DEPTH] + 1
    row[COUNT] += 1
    row[ORDER], row[BRANCHING] = 1, 0


@compiled()
def _write_label(row: Ints, rings: Ints, label: int) -> None:
    """A ring opens, or closes on the current atom, which is then bonded to the one that opened it."""
    partner = rings[OPENER, label]
    row[SUM] = min(row[SUM] + 1, MOST + 1)
    if partner >= 0:
        for i in range(rings.shape[1]):
            if rings[OPENER, i] == partner:
                rings[BLOCKED, i] = 1
        rings[OPENER, label], rings[SPENT, label] = -1, 1
    else:
        rings[OPENER, label], rings[BLOCKED, label] = row[ATOM], 1
        rings[OPENED_AT, label] = rings[LOWEST, label] = row[DEPTH]
