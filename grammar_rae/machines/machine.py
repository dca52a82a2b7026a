"""What every machine answers: which productions may come next, for a whole batch at once."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Protocol, TypeVar, cast

from torch import Tensor

from grammar_rae.chemistry.bonds import BondTable

State = TypeVar("State")
Rows = TypeVar("Rows")


@dataclass(frozen=True)
class Masks:
    """What a machine enforces beside the syntax: the step budget, and semantics (valence) where it knows any."""

    budget: bool = True
    semantics: bool = True


EVERYTHING = Masks()


class Machine(Protocol[State]):
    """B batch, T steps, R productions, F features; every tensor lives on one device.

    A machine is a value: nothing changes what it enforces, `under` gives another one.
    """

    feature_size: int
    pad: int  # the padding production

    @property
    def bonds(self) -> BondTable | None:
        """What RDKit says of the atoms, where the machine has asked it."""
        ...

    def under(self, masks: Masks) -> Machine[State]:
        """A machine with the same tables, not copied, that enforces `masks`."""
        ...

    def start(self, batch: int, steps: int) -> State:
        """The state before the first production, with `steps` productions to spend."""
        ...

    def allowed(self, state: State) -> Tensor:
        """(B, R) bool: never an empty row."""
        ...

    def advance(self, state: State, rule: Tensor) -> State:
        """The state after production `rule` (B,) int64."""
        ...

    def features(self, state: State) -> Tensor:
        """(B, F) float32: what a step net may know of the state."""
        ...

    def finished(self, state: State) -> Tensor:
        """(B,) bool: only padding is left."""
        ...

    def replay(self, x: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        """Masks (B, T', R) bool and features (B, T', F) met along x (B, T') with a budget of `steps`."""
        ...

    def masks(self, x: Tensor, steps: int) -> Tensor:
        """The first half of `replay`."""
        ...


def take(state: Rows, rows: Tensor) -> Rows:
    """The given rows (n,) of a state: a tensor, or a tuple or dataclass of states."""
    if isinstance(state, Tensor):
        return cast(Rows, state[rows])
    if isinstance(state, tuple):
        return cast(Rows, tuple(take(part, rows) for part in state))
    assert is_dataclass(state) and not isinstance(state, type)
    parts = {field.name: take(getattr(state, field.name), rows) for field in fields(state)}
    return replace(state, **parts)
