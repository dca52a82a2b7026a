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

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from grammar_rae.chemistry.bonds import MOST, BondTable
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.machines.valence_compiled import Tables, replayed
from grammar_rae.machines.valence_state import Here, Resumed, ValenceState, Written
from grammar_rae.machines.valence_tables import AFTER_BRANCH, NEVER, OWED, SUMS, Costs, ValenceTables

RING_SIZES = (4, 5, 6, 7)  # features tell these apart: at most four, five, six, seven, more


class ValenceMachine(nn.Module):
    """Chemistry of `grammar`, of the shape of `chemistry.tokens`, under `table`. GrammarError where it has another.

    Features (F = 14 + 7 L), all in 0 … 1 or logarithms: what the current atom owes and what room it has,
    the pending bond, begin and end of a branch, open branches and rings, and for each label whether it is open,
    may close here, and the size of the ring that would close.
    """

    slot: Tensor
    costs: Tensor
    finish: Tensor
    takes: Tensor
    largest: Tensor
    ring_sizes: Tensor

    def __init__(self, grammar: Grammar, table: BondTable) -> None:
        super().__init__()
        tables = ValenceTables.of(grammar, table)
        self.table = table
        self.slots = tables.slots
        self.carbon = tables.carbon
        self.pad = grammar.pad
        self.feature_size = 14 + 7 * tables.slots.labels
        columns = Costs(*tables.costs.unbind(-1))
        for name, value in {
            "slot": tables.slot,
            "costs": tables.costs.flatten(0, 1),  # (K · W, 5)
            # (W, 2, K): steps that finish a new atom, by its bond sum and by whether nothing but rings is open
            "finish": torch.stack([columns.fill.T, columns.onward.T], 1),
            "takes": tables.takes,
            "largest": tables.largest,
            "ring_sizes": torch.tensor(RING_SIZES),
        }.items():
            self.register_buffer(name, value, persistent=False)

    def start(self, batch: int, steps: int) -> ValenceState:
        """The state before the first token. ValueError when no molecule fits into `steps`."""
        if steps < 2:
            raise ValueError(f"{steps} steps are too few: the shortest molecule takes 2")
        return ValenceState.start(batch, steps, self.slots.labels, self.slot.device)

    def allowed(self, state: ValenceState) -> Tensor:
        """(B, R) bool: never an empty row."""
        here = self._here(state)
        atoms, bonds = self._atoms_and_bonds(state, here)
        labels, branch, end = self._labels(state, here), self._branch(state, here), self._end(state, here)
        roles = torch.cat([atoms.T, bonds.T, labels.T, branch[None], end[None]]) & ~state.done
        return torch.cat([roles, state.done[None]]).index_select(0, self.slot).T  # whole rows are copied fast

    def _here(self, state: ValenceState) -> Here:
        sums = (state.kind * SUMS + state.sum)[:, None] + torch.arange(4, device=state.sum.device)
        return Here(
            rest=state.left - 1,
            inside=state.height > 0,
            rings=(state.opener >= 0).sum(1),
            own_rings=(state.opener == state.atom[:, None]).sum(1),
            costs=Costs(*self.costs[sums].unbind(-1)),
        )

    def _atoms_and_bonds(self, state: ValenceState, here: Here) -> tuple[Tensor, Tensor]:
        """(B, K) the atoms, and (B, 3) the bonds by order, that may be next.

        Both leave the current atom by a bond of some order, and both reach a new atom, after a bond a carbon. That
        closes a ring at once where this is cheaper: it saves the carbon of one.
        """
        branching, order, rest = state.branching[:, None], state.order[:, None], here.rest[:, None]
        costs, rings = here.costs, here.rings
        may_leave = torch.where(branching, costs.grow < NEVER, costs.owed == 0) & self.takes.T[state.kind]
        base = state.base[:, None] + torch.where(branching, costs.after_branch, 0)
        around = base + 2 * rings[:, None] + 1  # (B, 4) by order: the new atom, and all but filling it
        outside = ~(here.inside | state.branching)
        onward, onward_closed = (outside & (rings > 0)).long(), (outside & (rings > 1)).long()
        closable = (rings > here.own_rings)[:, None]

        filled = self.finish[state.order, onward]
        closed = torch.where(closable, self.finish[state.order + 1, onward_closed] - 1, NEVER)
        fits = torch.minimum(filled, closed) + around.gather(1, order) <= rest
        is_first = (state.count == 0)[:, None]
        atoms = fits & self.takes[state.order] & (may_leave.gather(1, order) | is_first)

        carbon = self.finish[:, :, self.carbon].T  # (2, W)
        filled = carbon[onward, 1:4]
        closed = torch.where(closable, carbon[onward_closed, 2:5] - 1, NEVER)
        fits = torch.minimum(filled, closed) + 1 + around[:, 1:] <= rest
        return atoms, fits & may_leave[:, 1:]

    def _labels(self, state: ValenceState, here: Here) -> Tensor:
        """(B, L) the ring labels that may be next: one bond more on the current atom."""
        is_open = state.opener >= 0
        free = ~is_open & ~state.spent
        is_lowest = free & (free.cumsum(1) == 1)
        opens = self._fits_labelled(state, here, here.rings + 1, here.own_rings + 1)
        closes = self._fits_labelled(state, here, here.rings - 1, here.own_rings)
        return torch.where(is_open, closes[:, None] & ~state.blocked, opens[:, None] & is_lowest)

    def _fits_labelled(self, state: ValenceState, here: Here, rings: Tensor, own_rings: Tensor) -> Tensor:
        """(B,) whether the current atom, with a label more, can be finished where so many rings are open then."""
        fill, onward = here.costs.fill[:, 1], here.costs.onward[:, 1]
        # rings that all wait for this atom close on another one, and that on a third
        onward = onward + ((onward == 0) & (own_rings == rings))
        steps = torch.where(~here.inside & (rings > 0), onward, fill)
        return steps + state.base + 1 + 2 * rings <= here.rest

    def _branch(self, state: ValenceState, here: Here) -> Tensor:
        """(B,) whether a branch may begin."""
        grow, after_branch = here.costs.grow[:, 1], here.costs.after_branch[:, 1]
        return (grow < NEVER) & (1 + state.base + after_branch + 2 * here.rings + 1 <= here.rest)

    def _end(self, state: ValenceState, here: Here) -> Tensor:
        """(B,) whether the branch, or the molecule, may end."""
        fits = torch.where(here.inside, state.base + 2 * here.rings <= here.rest, here.rings == 0)
        return (here.costs.owed[:, 0] == 0) & fits

    def advance(self, state: ValenceState, rule: Tensor) -> ValenceState:
        """The state after production `rule` (B,) int64."""
        written = self._written(state, rule)
        begins = written.atom & state.branching
        frames, base, resumed = self._branches(state, begins, written.ends_branch)
        opens, closes, opener, blocked = self._rings(state, written)
        lowest = torch.where(opens, state.depth[:, None], state.lowest)

        def pick(atom: Tensor, resumed: Tensor, otherwise: Tensor) -> Tensor:
            """(B,) of a new atom, of one that a branch's end resumes, or of the current one."""
            return torch.where(written.atom, atom, torch.where(written.ends_branch, resumed, otherwise))

        bonded = (state.sum + written.ring.long()).clamp(max=MOST + 1)
        order = torch.where(written.atom, 1, state.order)
        return ValenceState(
            kind=pick(written.slot, resumed.kind, state.kind),
            sum=pick(state.order, resumed.sum, bonded),
            atom=pick(state.count, resumed.atom, state.atom),
            depth=pick(state.depth + 1, resumed.depth, state.depth),
            count=state.count + written.atom,
            order=torch.where(written.bond, written.slot - self.slots.bond + 1, order),
            branching=written.branch | (state.branching & ~written.atom),
            continuing=written.ends_branch,
            frames=frames,
            height=state.height + begins.long() - written.ends_branch.long(),
            opener=opener,
            blocked=blocked,
            spent=(state.spent | closes) & ~written.atom[:, None],
            opened_at=torch.where(opens, state.depth[:, None], state.opened_at),
            lowest=torch.where(
                written.ends_branch[:, None], torch.minimum(lowest, resumed.depth[:, None]), lowest
            ),
            base=base,
            left=state.left - 1,
            done=state.done | written.ends_molecule,
        )

    def _written(self, state: ValenceState, rule: Tensor) -> Written:
        slot, slots = self.slot[rule], self.slots
        is_end, inside = slot == slots.end, state.height > 0
        return Written(
            slot=slot,
            atom=slot < slots.bond,
            bond=(slot >= slots.bond) & (slot < slots.ring),
            ring=(slot >= slots.ring) & (slot < slots.branch),
            branch=slot == slots.branch,
            ends_branch=is_end & inside,
            ends_molecule=is_end & ~inside,
        )

    def _branches(self, state: ValenceState, begins: Tensor, ends: Tensor) -> tuple[Tensor, Tensor, Resumed]:
        """Frames (B, S, 4) and base (B,) after branches begin and end (B,), and the atoms that those that end resume.

        The atom that waits for its branch goes on the stack of frames, and comes back.
        """
        left_sum = (state.sum + state.order).clamp(max=MOST + 1)
        waiting = torch.stack([state.kind, left_sum, state.atom, state.depth], 1)
        top = state.frames.shape[1] - 1
        place = state.height.clamp(max=top)[:, None, None].expand(-1, 1, 4)
        there = torch.where(begins[:, None, None], waiting[:, None], state.frames.gather(1, place))
        frames = state.frames.scatter(1, place, there)
        back = (state.height - 1).clamp(0, top)[:, None, None].expand(-1, 1, 4)
        resumed = Resumed(*state.frames.gather(1, back)[:, 0].unbind(1))
        cost = self.costs[:, AFTER_BRANCH]
        base = state.base + torch.where(begins, cost[state.kind * SUMS + left_sum], 0)
        base = base - torch.where(ends, cost[resumed.kind * SUMS + resumed.sum], 0)
        return frames, base, resumed

    def _rings(self, state: ValenceState, written: Written) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(B, L) each: labels that open, that close, the atoms that they wait for, and those that are blocked."""
        count = self.slots.labels
        label = (written.slot - self.slots.ring).clamp(0, count - 1)[:, None]
        chosen = written.ring[:, None] & (torch.arange(count, device=label.device) == label)
        was_open = state.opener >= 0
        opens, closes = chosen & ~was_open, chosen & was_open
        partner = state.opener.gather(1, label)
        same = closes.any(1, keepdim=True) & (state.opener == partner)
        blocked = state.blocked | opens | same
        blocked = torch.where(written.atom[:, None], state.opener == state.atom[:, None], blocked)
        opener = torch.where(opens, state.atom[:, None], torch.where(closes, -1, state.opener))
        return opens, closes, opener, blocked

    def features(self, state: ValenceState) -> Tensor:
        """(B, F) float32: what a step net may know of the state."""
        owed = self.costs[state.kind * SUMS + state.sum, OWED].clamp(max=3)
        room = (self.largest[state.kind] - state.sum).clamp(0, 4)
        counts = torch.stack([state.height, (state.opener >= 0).sum(1)], 1)
        flags = torch.stack([state.order == 2, state.order == 3, state.branching, state.continuing], 1)
        is_open = state.opener >= 0
        size = state.opened_at + state.depth[:, None] - 2 * state.lowest + 1
        ring = F.one_hot(torch.bucketize(size, self.ring_sizes), len(RING_SIZES) + 1) * is_open[..., None]
        labels = torch.cat([is_open[..., None], (is_open & ~state.blocked)[..., None], ring], 2)
        numbers = [F.one_hot(owed, 4)[:, 1:], F.one_hot(room, 5), flags, torch.log1p(counts.float())]
        return torch.cat([*numbers, labels.flatten(1)], 1).float()

    def replay(self, x: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        """(B, T, R), (B, T, F): the states met along x (B, T), one after the other."""
        if x.device.type == "cpu":
            return self._replayed(x, steps)
        state = self.start(len(x), steps)
        masks, features = [], []
        for rule in x.long().unbind(1):
            masks.append(self.allowed(state))
            features.append(self.features(state))
            state = self.advance(state, rule)
        return torch.stack(masks, 1), torch.stack(features, 1)

    def _replayed(self, x: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        masks = torch.empty(*x.shape, len(self.slot), dtype=torch.bool)
        features = torch.empty(*x.shape, self.feature_size)
        logs = torch.log1p(torch.arange(steps + self.slots.labels + 1).float())
        slots = self.slots
        tables = Tables(
            slot=self.slot.numpy(),
            costs=self.costs.numpy(),
            finish=self.finish.numpy(),
            takes=self.takes.numpy(),
            largest=self.largest.numpy(),
            logs=logs.numpy(),
            carbon=self.carbon,
            bond=slots.bond,
            ring=slots.ring,
            branch=slots.branch,
            end=slots.end,
            pad=slots.pad,
        )
        replayed(x.long().contiguous().numpy(), steps, tables, masks.numpy(), features.numpy())
        return masks, features
