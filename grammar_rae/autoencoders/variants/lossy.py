"""VLAE: Chen, Kingma, Salimans et al., "Variational Lossy Autoencoder" (ICLR 2017).

A VAE whose prior is an autoregressive flow and whose decoder sees a window of the pixels before each. What the window
shows need not stand in the code (bits-back coding would pay for it), so the window's size says what the code keeps.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import NonNegativeFloat, PositiveFloat
from torch import Tensor, nn

from grammar_rae.autoencoders.decoders import LocalDecoder
from grammar_rae.autoencoders.terms import KL, LIKELIHOOD, Pass, kl
from grammar_rae.autoencoders.variant import Variant

STEP = 0.1  # by which γ rises and falls
LEAST = 1e-6  # of γ, ours, so that it can rise again


class SoftFreeBits(nn.Module):
    """γ KL: a step with a mean KL above (1 + `slack`) `target` nats makes γ a tenth larger, one below `target` a tenth
    smaller, γ ≤ 1 (Chen et al. 2017, appendix C; a slack of 3 to 30 % worked there). In validation γ is 1.
    """

    gamma: Tensor

    def __init__(self, *, target: PositiveFloat = 10.0, slack: NonNegativeFloat = 0.05) -> None:
        super().__init__()
        self.target = target
        self.slack = slack
        self.register_buffer("gamma", torch.ones(()))

    def forward(self, run: Pass) -> Tensor:
        """(B,) nats."""
        each = kl(run)
        if not run.training:
            return each
        gamma = self.gamma.clone()
        self._follow(each.detach().mean())
        return gamma * each

    def _follow(self, mean: Tensor) -> None:
        rise = mean > (1 + self.slack) * self.target
        factor = torch.where(rise, 1 + STEP, torch.where(mean < self.target, 1 - STEP, 1.0))
        self.gamma.mul_(factor).clamp_(LEAST, 1.0)


def unfit(net: Any, decoder: Any) -> str:
    """Why there is no window in a decoder that is made of them."""
    if decoder is LocalDecoder:
        return ""
    return (
        "it needs a decoder of images that sees a window of the pixels before each: a decoder.net that begins with "
        "local_"
    )


LOSSY = Variant(
    {**LIKELIHOOD, "kl": (KL, 1.0), "soft_kl": (SoftFreeBits, 0.0)}, "gaussian", "flow", unfit=unfit
)
