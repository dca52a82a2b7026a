"""The SMILES machine: valence, ring bonds, and a completion that always fits the steps left.

It reads grammars of one shape (`chemistry.tokens`), one production a token, over Kekulé SMILES, and stands beside
the stack machine, which knows the syntax. A production is allowed when

- its bond fits the atom it leaves and the atom it reaches, whose bond sum may be one of a set (`bonds`):
  a chain leaves an atom filled exactly, a branch leaves it something for what must follow the branch;
- a ring label is opened as the lowest one free, and closed neither on its own atom, nor on a neighbour, nor
  on an atom already bonded to the one it waits for;
- `need` of the state after it fits the steps left.

`need` counts the steps of one sure way to finish: fill the current atom with carbons (a branch of one costs
three steps, a chain of one costs one), end the open branches, each with the carbon that must follow it, then
close every open label on a carbon of its own. That way is itself always allowed, so a row of the mask is never
empty. The bound is sound, not tight: a molecule may need up to ten steps more than it has tokens.

Source: the attributes are those of SD-VAE (Dai et al. 2018), the remaining-valence state that of SELFIES (Krenn
et al. 2020); the completion bound is ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from grammar_rae.chemistry.bonds import MOST, Bonds, BondTable
from grammar_rae.chemistry.tokens import kind_of, smiles_rules
from grammar_rae.errors import GrammarError
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.notation import read_productions

ORDERS = {"-": 1, "/": 1, "\\": 1, "=": 2, "#": 3}
NEVER = 1 << 20  # a cost that fits no budget
RING_SIZES = (4, 5, 6, 7)  # features tell these apart: at most four, five, six, seven, more


@dataclass(frozen=True)
class ValenceState:
    """B samples, L ring labels, S places for open branches; atoms are numbered as they are written."""

    kind: Tensor  # (B,) class of the current atom
    sum: Tensor  # (B,) its bond sum so far
    atom: Tensor  # (B,) its number, −2 before the first
    depth: Tensor  # (B,) its distance from the first atom in the tree of written bonds
    count: Tensor  # (B,) atoms written
    order: Tensor  # (B,) order of the bond to the next atom; 0 before the first
    branching: Tensor  # (B,) whether the next atom begins a branch
    continuing: Tensor  # (B,) whether a branch has just ended
    frames: Tensor  # (B, S, 4) kind, sum, number, depth of the atoms that wait for their branch
    height: Tensor  # (B,) how many of them
    opener: Tensor  # (B, L) number of the atom a label waits for, −1 where it is free
    blocked: Tensor  # (B, L) whether the label may not close on the current atom
    spent: Tensor  # (B, L) whether it was closed on the current atom
    opened_at: Tensor  # (B, L) depth of the atom that opened it
    lowest: Tensor  # (B, L) least depth visited since
    base: Tensor  # (B,) steps that end the open branches
    left: Tensor  # (B,) steps left
    done: Tensor  # (B,)


class ValenceMachine(nn.Module):
    """Chemistry of `grammar`, of the shape of `chemistry.tokens`, under `table`. GrammarError where it has another.

    Features (F = 14 + 7 L), all in 0 … 1 or logarithms: what the current atom owes and what room it has,
    the pending bond, begin and end of a branch, open branches and rings, and for each label whether it is open,
    may close here, and the size of the ring that would close.
    """

    slot: Tensor
    costs: Tensor
    own: Tensor
    takes: Tensor
    room: Tensor
    bounds: Tensor

    def __init__(self, grammar: Grammar, table: BondTable) -> None:
        super().__init__()
        classes, roles, labels = _roles(grammar, table)
        self.labels = max(labels, 1)
        self.table = table
        sums = [bonds.sums for bonds in classes]
        self.kinds = len(classes)
        self.filler = classes[table.bonds["C"]]
        self.pad = grammar.pad
        slots = self._slots()
        slot = torch.tensor([slots[role] for role in roles])
        owed, grow = _gaps(sums)
        costs = torch.stack([owed, grow, _fill(owed), _last(owed, grow), 1 + _fill(grow)], -1)
        for name, value in {
            "slot": slot,
            "costs": costs.view(-1, costs.shape[-1]),
            "own": costs[..., 2:4].permute(1, 2, 0).contiguous(),  # (sum, situation, kind)
            "takes": torch.tensor([[order <= bonds.order for bonds in classes] for order in range(4)]),
            "bounds": torch.tensor(RING_SIZES),
            "room": torch.tensor([max(s, default=0) for s in sums]),
        }.items():
            self.register_buffer(name, value, persistent=False)
        self.width = costs.shape[1]
        self.feature_size = 14 + 7 * self.labels

    def _slots(self) -> dict[tuple[str, int], int]:
        """Where each role stands in the row that `allowed` fills."""
        roles = [("atom", k) for k in range(self.kinds)]
        roles += [("bond", order) for order in (1, 2, 3)] + [("ring", label) for label in range(self.labels)]
        roles += [("branch", 0), ("end", 0), ("pad", 0)]
        self.first_bond, self.first_ring = self.kinds, self.kinds + 3
        self.branch_slot = self.kinds + 3 + self.labels
        return {role: i for i, role in enumerate(roles)}

    def start(self, batch: int, steps: int) -> ValenceState:
        """Raises ValueError when no molecule fits into `steps`."""
        if steps < 2:
            raise ValueError(f"{steps} steps are too few: the shortest molecule takes 2")
        zero = torch.zeros(batch, dtype=torch.long, device=self.slot.device)
        no = zero.bool()
        labels = zero[:, None].expand(-1, self.labels)
        return ValenceState(
            kind=zero,
            sum=zero,
            atom=zero - 2,
            depth=zero - 1,
            count=zero,
            order=zero,
            branching=no,
            continuing=no,
            frames=zero[:, None, None].repeat(1, steps // 3 + 2, 4),
            height=zero,
            opener=labels - 1,
            blocked=labels.bool(),
            spent=labels.bool(),
            opened_at=labels,
            lowest=labels,
            base=zero,
            left=zero + steps,
            done=no,
        )

    def allowed(self, state: ValenceState) -> Tensor:
        rest = state.left - 1
        inside = state.height > 0
        rings = (state.opener >= 0).sum(1)
        mine = (state.opener == state.atom[:, None]).sum(1)
        at = state.kind * self.width + state.sum
        next_sums = at[:, None] + torch.arange(4, device=at.device)
        owed, grow, fill, last, frame = self.costs[next_sums].unbind(-1)  # each (B, 4): at sums s … s + 3

        # what an atom or a bond of each order leaves behind: may it, and what do the open branches cost then
        branching = state.branching[:, None]
        leaves = torch.where(branching, grow < NEVER, owed == 0) & self.takes.T[state.kind]
        base = state.base[:, None] + torch.where(branching, frame, 0)
        lone = ~(inside | state.branching)
        total = base + 2 * rings[:, None] + 1
        order = state.order[:, None]
        one, two = (lone & (rings > 0)).long(), (lone & (rings > 1)).long()  # situations, rows of `own`
        closable = (rings > mine)[:, None]
        plain = self.own[state.order, one]
        closing = torch.where(closable, self.own[state.order + 1, two] - 1, NEVER)
        fits = torch.minimum(plain, closing) + total.gather(1, order) <= rest[:, None]
        atoms = fits & self.takes[state.order] & (leaves.gather(1, order) | (state.count == 0)[:, None])
        filler = self.own[:, :, self.filler].T  # (situation, sum)
        closing = torch.where(closable, filler[two, 2:5] - 1, NEVER)
        bonds = torch.minimum(filler[one, 1:4], closing) + 1 + total[:, 1:] <= rest[:, None]
        bonds = bonds & leaves[:, 1:]

        # a ring label: one bond more on this atom
        alone = ~inside
        around = state.base + 1
        opening = torch.where(alone, last[:, 1] + ((last[:, 1] == 0) & (mine == rings)), fill[:, 1])
        opening = (opening + around + 2 * (rings + 1) <= rest)[:, None]
        others = rings - 1
        closing = torch.where(
            alone & (others > 0), last[:, 1] + ((last[:, 1] == 0) & (mine == others)), fill[:, 1]
        )
        closing = (closing + around + 2 * others <= rest)[:, None]
        is_open = state.opener >= 0
        free = ~is_open & ~state.spent
        lowest = free & (free.cumsum(1) == 1)
        labels = torch.where(is_open, closing & ~state.blocked, opening & lowest)

        branch = (grow[:, 1] < NEVER) & (1 + state.base + frame[:, 1] + 2 * rings + 1 <= rest)
        end = (owed[:, 0] == 0) & torch.where(inside, state.base + 2 * rings <= rest, rings == 0)
        roles = torch.cat([atoms.T, bonds.T, labels.T, branch[None], end[None]]) & ~state.done
        return torch.cat([roles, state.done[None]]).index_select(0, self.slot).T  # whole rows are copied fast

    def advance(self, state: ValenceState, rule: Tensor) -> ValenceState:
        slot = self.slot[rule]
        is_atom = slot < self.kinds
        is_bond = (slot >= self.first_bond) & (slot < self.first_ring)
        is_ring = (slot >= self.first_ring) & (slot < self.branch_slot)
        is_branch = slot == self.branch_slot
        is_end = slot == self.branch_slot + 1
        begins = is_atom & state.branching
        inside = state.height > 0
        ends = is_end & inside

        # branches: the atom that waits goes on the stack, and comes back
        left_sum = (state.sum + state.order).clamp(max=MOST + 1)
        waiting = torch.stack([state.kind, left_sum, state.atom, state.depth], 1)
        top = state.frames.shape[1] - 1
        place = state.height.clamp(max=top)[:, None, None].expand(-1, 1, 4)
        there = torch.where(begins[:, None, None], waiting[:, None], state.frames.gather(1, place))
        frames = state.frames.scatter(1, place, there)
        back = (state.height - 1).clamp(0, top)[:, None, None].expand(-1, 1, 4)
        kind, bond_sum, atom, depth = state.frames.gather(1, back)[:, 0].unbind(1)
        cost = self.costs[:, 4]
        base = state.base + torch.where(begins, cost[state.kind * self.width + left_sum], 0)
        base = base - torch.where(ends, cost[kind * self.width + bond_sum], 0)

        # ring labels
        label = (slot - self.first_ring).clamp(0, self.labels - 1)[:, None]
        chosen = is_ring[:, None] & (torch.arange(self.labels, device=rule.device) == label)
        was_open = state.opener >= 0
        opens, closes = chosen & ~was_open, chosen & was_open
        partner = state.opener.gather(1, label)
        same = closes.any(1, keepdim=True) & (state.opener == partner)
        blocked = state.blocked | opens | same
        blocked = torch.where(is_atom[:, None], state.opener == state.atom[:, None], blocked)
        opener = torch.where(opens, state.atom[:, None], torch.where(closes, -1, state.opener))
        lowest = torch.where(opens, state.depth[:, None], state.lowest)

        def pick(atom_value: Tensor, ended: Tensor, otherwise: Tensor) -> Tensor:
            return torch.where(is_atom, atom_value, torch.where(ends, ended, otherwise))

        bonded = (state.sum + is_ring.long()).clamp(max=MOST + 1)
        order = torch.where(is_bond, slot - self.first_bond + 1, torch.where(is_atom, 1, state.order))
        return ValenceState(
            kind=pick(slot, kind, state.kind),
            sum=pick(state.order, bond_sum, bonded),
            atom=pick(state.count, atom, state.atom),
            depth=pick(state.depth + 1, depth, state.depth),
            count=state.count + is_atom,
            order=order,
            branching=is_branch | (state.branching & ~is_atom),
            continuing=ends,
            frames=frames,
            height=state.height + begins.long() - ends.long(),
            opener=opener,
            blocked=blocked,
            spent=(state.spent | closes) & ~is_atom[:, None],
            opened_at=torch.where(opens, state.depth[:, None], state.opened_at),
            lowest=torch.where(ends[:, None], torch.minimum(lowest, depth[:, None]), lowest),
            base=base,
            left=state.left - 1,
            done=state.done | (is_end & ~inside),
        )

    def features(self, state: ValenceState) -> Tensor:
        at = state.kind * self.width + state.sum
        owed = self.costs[at, 0].clamp(max=3)
        room = (self.room[state.kind] - state.sum).clamp(0, 4)
        counts = torch.stack([state.height, (state.opener >= 0).sum(1)], 1)
        flags = torch.stack([state.order == 2, state.order == 3, state.branching, state.continuing], 1)
        is_open = state.opener >= 0
        size = state.opened_at + state.depth[:, None] - 2 * state.lowest + 1
        ring = F.one_hot(torch.bucketize(size, self.bounds), len(RING_SIZES) + 1) * is_open[..., None]
        labels = torch.cat([is_open[..., None], (is_open & ~state.blocked)[..., None], ring], 2)
        numbers = [F.one_hot(owed, 4)[:, 1:], F.one_hot(room, 5), flags, torch.log1p(counts.float())]
        return torch.cat([*numbers, labels.flatten(1)], 1).float()

    def replay(self, x: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        """(B, T, R), (B, T, F): the states met along x (B, T), one after the other."""
        state = self.start(len(x), steps)
        masks, features = [], []
        for rule in x.long().unbind(1):
            masks.append(self.allowed(state))
            features.append(self.features(state))
            state = self.advance(state, rule)
        return torch.stack(masks, 1), torch.stack(features, 1)


def _roles(grammar: Grammar, table: BondTable) -> tuple[dict[Bonds, int], list[tuple[str, int]], int]:
    """Classes of atoms that bond alike, numbered, the role of every production, the number of ring labels."""
    tokens: dict[str, set[str]] = {"atom": set(), "bond": set(), "ring": set(), "other": set()}
    for token in grammar.terminals:
        kind = kind_of(token)
        if kind is None:
            raise GrammarError(
                f"{grammar.name}: {token!r} is not a SMILES token; the valence machine reads SMILES"
            )
        tokens[kind].add(token)
    shape = {production for rule in smiles_rules(tokens) for production in read_productions(rule)}
    live = [p for i, p in enumerate(grammar.productions) if i != grammar.pad]
    if set(live) != shape:
        odd = next(iter(set(live) ^ shape))
        raise GrammarError(
            f"{grammar.name}: the valence machine reads grammars that `grammar build` writes; this one differs "
            f"in «{odd}»"
        )
    if "C" not in tokens["atom"] or not tokens["other"]:
        raise GrammarError(
            f"{grammar.name}: the valence machine completes molecules with C and branches; it needs both"
        )
    unknown = sorted(tokens["bond"] - ORDERS.keys())
    if unknown:
        raise GrammarError(f"{grammar.name}: bond {unknown[0]!r} is not single, double or triple")
    classes: dict[Bonds, int] = {}
    for token in grammar.terminals:
        if token in tokens["atom"]:
            classes.setdefault(table.bonds[token], len(classes))
    labels = sorted(tokens["ring"], key=lambda t: int(t.lstrip("%")))
    roles: list[tuple[str, int]] = []
    for i, production in enumerate(grammar.productions):
        first = production.rhs[0] if production.rhs else None
        if i == grammar.pad:
            roles.append(("pad", 0))
        elif first is None:
            roles.append(("end", 0))
        elif first in tokens["atom"]:
            roles.append(("atom", classes[table.bonds[str(first)]]))
        elif first in tokens["bond"]:
            roles.append(("bond", ORDERS[str(first)]))
        elif first in tokens["ring"]:
            roles.append(("ring", labels.index(str(first))))
        else:
            roles.append(("branch", 0))
    return classes, roles, len(labels)


def _gaps(sums: list[tuple[int, ...]]) -> tuple[Tensor, Tensor]:
    """(K, W) twice: bonds that an atom at each sum still owes, and the fewest it can take from one on."""
    width = MOST + 6
    owed = torch.full((len(sums), width), NEVER)
    grow = owed.clone()
    for k, allowed in enumerate(sums):
        for s in range(width):
            gaps = [a - s for a in allowed if a >= s]
            owed[k, s] = min(gaps, default=NEVER)
            grow[k, s] = min((g for g in gaps if g > 0), default=NEVER)
    return owed, grow


def _fill(bonds: Tensor) -> Tensor:
    """Steps that fill so many bonds: branches of one carbon, then a chain of one."""
    return torch.where(bonds == 0, 0, (3 * bonds - 2).clamp(max=NEVER))


def _last(owed: Tensor, grow: Tensor) -> Tensor:
    """Steps beyond two a ring where rings are open and no branch is: the current atom must be able to go on."""
    onward = torch.where(grow == 1, 0, _fill(grow))
    return torch.where(owed > 0, _fill(owed), onward)
