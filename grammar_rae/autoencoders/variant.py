"""A variant: a row of a paper's terms, the names of its head and its prior, and what it edits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from grammar_rae.autoencoders.autoencoder import Autoencoder
from grammar_rae.autoencoders.objective import Begin
from grammar_rae.autoencoders.terms import Term


def once(model: Autoencoder) -> int:
    """One step of the optimizer a batch."""
    return 1


@dataclass(frozen=True)
class Variant:
    """What one paper adds: its terms with default weights and the pieces it chooses.

    A term is a function of a `Pass`, or a class whose instances are; a recipe states its settings with the objective's.
    `refine(**settings)` makes the module that betters the encoder's posterior (`Autoencoder`), `wrap(make_net,
    **settings)` the encoder's net of a function that makes one; a recipe states their settings with the encoder's.
    `begin(model, epoch, epochs, rows)` runs before each of the epochs, from 0, and repeats itself when training is
    resumed.
    `unfit(net, decoder)` says why it cannot be had with what `catalogue.DECODER_NETS` makes a decoder of; «» where it
    can. It is asked before any setting is looked at.
    `phases(model, **settings)` is how many steps of the optimizer each batch takes; a recipe states its settings with
    the objective's.
    """

    terms: Mapping[str, tuple[Term | type[Term], float]]
    head: str  # of `catalogue.HEADS`
    prior: str  # of `catalogue.PRIORS`
    edit: Callable[[nn.Module], nn.Module] = lambda decoder: decoder
    unfit: Callable[[Any, Any], str] = lambda net, decoder: ""
    refine: Callable[..., nn.Module] | None = None
    wrap: Callable[..., nn.Module] | None = None
    begin: Begin | None = None
    phases: Callable[..., int] = once

    @property
    def makers(self) -> tuple[Callable[..., Any], ...]:
        """What takes settings of the objective: the terms that are classes, and `phases`."""
        return (*(term for term, _ in self.terms.values() if isinstance(term, type)), self.phases)
