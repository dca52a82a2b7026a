"""Initial weights."""

from __future__ import annotations

from torch import nn


def glorot(module: nn.Module) -> None:
    """Keras's initial weights of a dense layer or convolution: Glorot's uniform, biases 0. For `Module.apply`.

    Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks" (AISTATS 2010).
    """
    if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
