"""Decoders: calling one on codes z (B, D) gives p(x | z). Masking and teacher forcing live inside p."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from grammar_rae.distributions.characters import Characters
from grammar_rae.distributions.derivations import Derivations
from grammar_rae.distributions.sequential import Sequential


class CharacterDecoder(nn.Module):
    """Independent characters."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, z: Tensor) -> Characters:
        return Characters(self.net(z))


class GrammarDecoder(nn.Module):
    """All logits at once under a machine."""

    column: Tensor

    def __init__(self, net: nn.Module, machine: Any, column: Tensor) -> None:
        super().__init__()
        self.net = net
        self.machine = machine
        self.register_buffer("column", column, persistent=False)

    def forward(self, z: Tensor) -> Derivations:
        return Derivations(self.net(z), self.machine, self.column)


class SequentialDecoder(nn.Module):
    """One production after the other, by a step net under a machine."""

    column: Tensor

    def __init__(self, net: Any, machine: Any, column: Tensor, steps: int) -> None:
        super().__init__()
        self.net = net
        self.machine = machine
        self.steps = steps
        self.columns = int(column.max()) + 1
        self.register_buffer("column", column, persistent=False)

    def forward(self, z: Tensor) -> Sequential:
        return Sequential(self.net, z, self.machine, self.column, self.columns, self.steps)


def matrices(decoder: nn.Module) -> list[tuple[nn.Module, str, Tensor]]:
    """(module, name, weight) of every weight matrix or kernel of a decoder, embeddings left out."""
    return [
        (module, name, weight)
        for module in decoder.modules()
        if not isinstance(module, nn.Embedding)
        for name, weight in module.named_parameters(recurse=False)
        if weight.dim() > 1
    ]


def spectrally_normalised(decoder: nn.Module) -> nn.Module:
    """RAE-SN: every matrix divided by its largest singular value, one power iteration a step.

    Miyato et al. 2018; Ghosh et al. 2020, section 3.2. Here the decoder only, as the paper's text has
    it; the published image code normalises the encoder too.
    """
    for module, name, _ in matrices(decoder):
        torch.nn.utils.parametrizations.spectral_norm(module, name, n_power_iterations=1, eps=1e-12)
    return decoder
