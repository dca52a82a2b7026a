"""What the SMILES machine knows before the first token: how atoms bond, and what finishing one costs.

Atoms that bond alike are one kind. Steps are those of one sure way to finish, see `machines.valence`.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from grammar_rae.chemistry.bonds import MOST, Bonds, BondTable
from grammar_rae.chemistry.tokens import kind_of, smiles_rules
from grammar_rae.errors import GrammarError
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.grammar.notation import read_productions

ORDERS = {"-": 1, "/": 1, "\\": 1, "=": 2, "#": 3}
NEVER = 1 << 20  # a cost that fits no budget
SUMS = MOST + 6  # bond sums that tables know, W; the largest ones lie beyond every atom


class Costs(NamedTuple):
    """What atoms at bond sums cost: the columns of a table (…, 5), each of shape (…)."""

    owed: Tensor  # bonds that the atom still needs
    grow: Tensor  # the fewest bonds, one or more, that it can take
    fill: Tensor  # steps that fill what it owes
    onward: Tensor  # steps that do, beyond two a ring, where rings are open and no branch is: the chain must go on
    after_branch: Tensor  # steps that end the branch it waits for, and fill it after that


OWED, AFTER_BRANCH = (Costs._fields.index(name) for name in ("owed", "after_branch"))


@dataclass(frozen=True)
class Slots:
    """Where each role of a production stands in a row: atoms by kind, bonds by order, ring labels, and three more."""

    kinds: int  # K, of atoms
    labels: int  # L, of rings

    @property
    def bond(self) -> int:
        """The single bond; double and triple follow."""
        return self.kinds

    @property
    def ring(self) -> int:
        """The lowest label; the others follow."""
        return self.kinds + 3

    @property
    def branch(self) -> int:
        """The beginning of a branch."""
        return self.ring + self.labels

    @property
    def end(self) -> int:
        """The end of a branch or of the molecule."""
        return self.branch + 1

    @property
    def pad(self) -> int:
        """Padding."""
        return self.branch + 2


@dataclass(frozen=True)
class ValenceTables:
    """K kinds of atoms, W bond sums, R productions."""

    slots: Slots
    slot: Tensor  # (R,) of every production
    carbon: int  # the kind of C, with which molecules are completed
    costs: Tensor  # (K, W, 5) of an atom of each kind at each bond sum, as `Costs`
    takes: Tensor  # (4, K) bool: whether a bond of each order, 0 to 3, may be one of a kind's
    largest: Tensor  # (K,) largest bond sum

    @classmethod
    def of(cls, grammar: Grammar, table: BondTable) -> ValenceTables:
        """Those of a grammar of the shape of `chemistry.tokens`. GrammarError where it has another."""
        tokens = _tokens(grammar)
        kinds: dict[Bonds, int] = {}
        for token in grammar.terminals:
            if token in tokens["atom"]:
                kinds.setdefault(table.bonds[token], len(kinds))
        atoms = {token: kinds[table.bonds[token]] for token in tokens["atom"]}
        labels = sorted(tokens["ring"], key=lambda t: int(t.lstrip("%")))
        slots = Slots(len(kinds), max(len(labels), 1))
        return cls(
            slots=slots,
            slot=torch.tensor(_slots(grammar, slots, atoms, labels)),
            carbon=atoms["C"],
            costs=_costs([bonds.sums for bonds in kinds]),
            takes=torch.tensor([[order <= bonds.order for bonds in kinds] for order in range(4)]),
            largest=torch.tensor([max(bonds.sums, default=0) for bonds in kinds]),
        )


def _tokens(grammar: Grammar) -> Mapping[str, Set[str]]:
    """The tokens of a grammar by what they are: atom, bond, ring, other. GrammarError as `ValenceTables.of`."""
    tokens: dict[str, set[str]] = {"atom": set(), "bond": set(), "ring": set(), "other": set()}
    for token in grammar.terminals:
        kind = kind_of(token)
        if kind is None:
            raise GrammarError(
                f"{grammar.name}: {token!r} is not a SMILES token; the valence machine reads SMILES"
            )
        tokens[kind].add(token)
    shape = {production for rule in smiles_rules(tokens) for production in read_productions(rule)}
    live = {p for i, p in enumerate(grammar.productions) if i != grammar.pad}
    if live != shape:
        odd = next(iter(live ^ shape))
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
    return tokens


def _slots(grammar: Grammar, slots: Slots, atoms: Mapping[str, int], labels: list[str]) -> list[int]:
    """The slot of every production, by the token it writes first; `atoms`: the kind of each."""
    own = {"(": slots.branch, **atoms}
    own |= {bond: slots.bond + order - 1 for bond, order in ORDERS.items()}
    own |= {label: slots.ring + i for i, label in enumerate(labels)}
    rows = []
    for i, production in enumerate(grammar.productions):
        if i == grammar.pad:
            rows.append(slots.pad)
        else:
            rows.append(own[str(production.rhs[0])] if production.rhs else slots.end)
    return rows


def _costs(sums: list[tuple[int, ...]]) -> Tensor:
    """(K, W, 5) of K kinds, each allowed some bond sums."""
    owed = torch.full((len(sums), SUMS), NEVER)
    grow = owed.clone()
    for kind, allowed in enumerate(sums):
        for s in range(SUMS):
            gaps = [a - s for a in allowed if a >= s]
            owed[kind, s] = min(gaps, default=NEVER)
            grow[kind, s] = min((gap for gap in gaps if gap), default=NEVER)
    fill = _filled(owed)
    onward = torch.where(owed > 0, fill, torch.where(grow == 1, 0, _filled(grow)))
    return torch.stack(Costs(owed, grow, fill, onward, 1 + _filled(grow)), -1)


def _filled(bonds: Tensor) -> Tensor:
    """Steps that fill so many bonds: branches of one carbon, then a chain of one."""
    return torch.where(bonds == 0, 0, (3 * bonds - 2).clamp(max=NEVER))
