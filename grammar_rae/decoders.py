"""Decoders: calling one on codes z (B, D) gives p(x | z). Masking and teacher forcing live inside p.

p is a value: it owns the machine it was made with, that of `masks`, or the recipe's for training where None.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from grammar_rae.distributions.characters import Characters
from grammar_rae.distributions.derivations import Derivations
from grammar_rae.distributions.pixels import LIKELIHOODS, LOG_HALF
from grammar_rae.distributions.sequential import Sequential
from grammar_rae.machines.machine import Masks


class CharacterDecoder(nn.Module):
    """Independent characters, under no masks."""

    machine = None

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, z: Tensor, masks: Masks | None = None) -> Characters:
        return Characters(self.net(z))


class GrammarDecoder(nn.Module):
    """All logits at once under a machine."""

    column: Tensor

    def __init__(self, net: nn.Module, machine: Any, column: Tensor) -> None:
        super().__init__()
        self.net = net
        self.machine = machine
        self.register_buffer("column", column, persistent=False)

    def forward(self, z: Tensor, masks: Masks | None = None) -> Derivations:
        machine = self.machine if masks is None else self.machine.under(masks)
        return Derivations(self.net(z), machine, self.column)


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

    def forward(self, z: Tensor, masks: Masks | None = None) -> Sequential:
        machine = self.machine if masks is None else self.machine.under(masks)
        return Sequential(self.net, z, machine, self.column, self.columns, self.steps)


class PixelDecoder(nn.Module):
    """Images of `channels`, under a likelihood of `distributions.pixels` and no masks."""

    machine = None

    def __init__(self, net: nn.Module, likelihood: str, channels: int) -> None:
        super().__init__()
        self.net = net
        self.pixels = LIKELIHOODS[likelihood]
        self.settings = {"channels": channels} if likelihood == "logistic_mixture" else {}
        self.learned = likelihood == "learned_gaussian"
        if self.learned:
            self.log_variance = nn.Parameter(torch.tensor(LOG_HALF))

    def forward(self, z: Tensor, masks: Masks | None = None) -> Any:
        scale = {"log_variance": self.log_variance} if self.learned else {}
        return self.pixels(self.net(z), **self.settings, **scale)


def matrices(decoder: nn.Module) -> list[tuple[nn.Module, str, Tensor]]:
    """(module, name, weight) of every weight matrix or kernel of a decoder, embeddings left out."""
    return [
        (module, name, weight)
        for module in decoder.modules()
        if not isinstance(module, nn.Embedding)
        for name, weight in module.named_parameters(recurse=False)
        if weight.dim() > 1
    ]


def kernels(decoder: nn.Module) -> list[Tensor]:
    """The kernels of a decoder's convolutions alone."""
    return [weight for _, _, weight in matrices(decoder) if weight.dim() > 2]


def spectrally_normalised(net: nn.Module) -> nn.Module:
    """RAE-SN: every matrix divided by its largest singular value, one power iteration a step.

    Miyato et al. 2018; Ghosh et al. 2020, section 3.2. Of a decoder, as the paper's text has it; the
    published image code normalises the encoder too, which recipes ask for by `encoder.spectral_norm`.
    """
    for module, name, _ in matrices(net):
        torch.nn.utils.parametrizations.spectral_norm(module, name, n_power_iterations=1, eps=1e-12)
    return net
