"""A variant: a row of a paper's terms, the names of its head and its prior, and what it edits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import nn

from grammar_rae.autoencoders.terms import Term


@dataclass(frozen=True)
class Variant:
    """What one paper adds: its terms with default weights and the pieces it chooses.

    `refine(**settings)`, where given, makes the module that betters the encoder's posterior (`Autoencoder`); a recipe
    states its settings with the encoder's.
    """

    terms: Mapping[str, tuple[Term, float]]
    head: str  # of `catalogue.HEADS`
    prior: str  # of `catalogue.PRIORS`
    edit: Callable[[nn.Module], nn.Module] = lambda decoder: decoder
    refine: Callable[..., nn.Module] | None = None
