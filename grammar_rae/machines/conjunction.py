"""Syntax and semantics at once: a production is allowed when both machines allow it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from grammar_rae.chemistry.bonds import probe
from grammar_rae.chemistry.tokens import kind_of
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.machines.machine import Masks
from grammar_rae.machines.stack import StackMachine, StackState
from grammar_rae.machines.valence import ValenceMachine
from grammar_rae.machines.valence_state import ValenceState


@dataclass(frozen=True)
class ConjunctionState:
    """What both machines know."""

    syntax: StackState
    semantics: ValenceState


class Conjunction(nn.Module):
    """A stack machine and a valence machine that read the same productions.

    Where the semantics is not enforced it goes on watching: the features stay, the mask is the syntax's alone.
    The budget of `Masks` is the syntax's; the semantics always keeps to the steps left.
    """

    def __init__(self, syntax: StackMachine, semantics: ValenceMachine, enforced: bool = True) -> None:
        super().__init__()
        self.syntax = syntax
        self.semantics = semantics
        self.enforced = enforced
        self.pad = syntax.pad
        self.bonds = semantics.table
        self.feature_size = syntax.feature_size + semantics.feature_size

    def under(self, masks: Masks) -> Conjunction:
        """The same two machines, with or without a budget and the semantics."""
        return Conjunction(self.syntax.under(masks), self.semantics, masks.semantics)

    def start(self, batch: int, steps: int) -> ConjunctionState:
        """The state before the first production. ValueError when no molecule fits into `steps`."""
        return ConjunctionState(self.syntax.start(batch, steps), self.semantics.start(batch, steps))

    def allowed(self, state: ConjunctionState) -> Tensor:
        """(B, R) bool: never an empty row."""
        syntax = self.syntax.allowed(state.syntax)
        return syntax & self.semantics.allowed(state.semantics) if self.enforced else syntax

    def advance(self, state: ConjunctionState, rule: Tensor) -> ConjunctionState:
        """The state after production `rule` (B,) int64."""
        return ConjunctionState(
            self.syntax.advance(state.syntax, rule), self.semantics.advance(state.semantics, rule)
        )

    def features(self, state: ConjunctionState) -> Tensor:
        """(B, F) float32: those of the syntax, then those of the semantics."""
        return torch.cat([self.syntax.features(state.syntax), self.semantics.features(state.semantics)], -1)

    def finished(self, state: ConjunctionState) -> Tensor:
        """(B,) bool: only padding is left."""
        return self.syntax.finished(state.syntax)

    def replay(self, x: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        """Masks (B, T', R) bool and features (B, T', F) met along x (B, T') with a budget of `steps`."""
        masks, features = self.syntax.replay(x, steps)
        stricter, more = self.semantics.replay(x, steps)
        return masks & stricter if self.enforced else masks, torch.cat([features, more], -1)

    def masks(self, x: Tensor, steps: int) -> Tensor:
        """The first half of `replay`."""
        return self.replay(x, steps)[0]


def valence(grammar: Grammar, budget: bool, *, radicals: bool = False) -> Conjunction:
    """SMILES of a grammar that the installed RDKit accepts, nothing else; `radicals`: also unpaired electrons."""
    bonds = probe((token for token in grammar.terminals if kind_of(token) == "atom"), radicals)
    return Conjunction(StackMachine(grammar, budget), ValenceMachine(grammar, bonds))
