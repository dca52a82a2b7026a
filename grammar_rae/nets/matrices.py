"""The weight matrices of a net, which penalties sum and the spectral norm divides."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def matrices(net: nn.Module) -> list[tuple[nn.Module, str, Tensor]]:
    """(module, name, weight) of every weight matrix or kernel of a net, embeddings left out."""
    return [
        (module, name, weight)
        for module in net.modules()
        if not isinstance(module, nn.Embedding)
        for name, weight in module.named_parameters(recurse=False)
        if weight.dim() > 1
    ]


def kernels(net: nn.Module) -> list[Tensor]:
    """The kernels of a net's convolutions alone."""
    return [weight for _, _, weight in matrices(net) if weight.dim() > 2]


def spectrally_normalised(net: nn.Module) -> nn.Module:
    """RAE-SN: every matrix divided by its largest singular value, one power iteration a step.

    Miyato et al. 2018; Ghosh et al. 2020, section 3.2, who normalise the decoder.
    """
    for module, name, _ in matrices(net):
        torch.nn.utils.parametrizations.spectral_norm(module, name, n_power_iterations=1, eps=1e-12)
    return net
