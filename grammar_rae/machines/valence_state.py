"""What the SMILES machine knows of samples that are being written, and of one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from grammar_rae.machines.valence_tables import Costs


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

    @classmethod
    def start(cls, batch: int, steps: int, labels: int, device: torch.device) -> ValenceState:
        """B samples before their first token, with `steps` to spend."""
        zero = torch.zeros(batch, dtype=torch.long, device=device)
        no = zero.bool()
        none = zero[:, None].expand(-1, labels)
        return cls(
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
            opener=none - 1,
            blocked=none.bool(),
            spent=none.bool(),
            opened_at=none,
            lowest=none,
            base=zero,
            left=zero + steps,
            done=no,
        )


class Here(NamedTuple):
    """What a state says of the current atom and of what is open around it."""

    rest: Tensor  # (B,) steps left after the next
    inside: Tensor  # (B,) whether a branch is open
    rings: Tensor  # (B,) labels that are open
    own_rings: Tensor  # (B,) those that wait for the current atom
    costs: Costs  # each (B, 4): of the current atom with 0 to 3 bonds more


class Written(NamedTuple):
    """What a production writes, each (B,)."""

    slot: Tensor
    atom: Tensor  # whether it is an atom, and likewise below
    bond: Tensor
    ring: Tensor
    branch: Tensor
    ends_branch: Tensor
    ends_molecule: Tensor


class Resumed(NamedTuple):
    """The atom that goes on after a branch, each (B,)."""

    kind: Tensor
    sum: Tensor
    atom: Tensor
    depth: Tensor
