"""A variant: a row that names a paper's terms, head, prior and edits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import nn

from grammar_rae.autoencoders.terms import Term


@dataclass(frozen=True)
class Variant:
    """What one paper adds: its terms with default weights and the three pieces it chooses."""

    terms: Mapping[str, tuple[Term, float]]
    head: Callable[..., nn.Module]
    prior: Callable[..., nn.Module]
    edit: Callable[[nn.Module], nn.Module] = lambda decoder: decoder
