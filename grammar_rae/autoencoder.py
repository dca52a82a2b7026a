"""An autoencoder is an encoder x → q, a decoder z → p and a prior; nothing else."""

from __future__ import annotations

from torch import nn


class Autoencoder(nn.Module):
    """The three modules every objective works on."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module, prior: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.prior = prior
