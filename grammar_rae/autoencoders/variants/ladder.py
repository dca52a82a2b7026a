"""Variational ladder autoencoder: Zhao, Song, Ermon, "Learning Hierarchical Features from Generative Models" (2017).

A flat code of independent rungs, N(0, I), whose places in the networks differ: a rung further up is read from deeper
features and passes more layers on its way down. The bound is a VAE's, its KL summed over rungs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from grammar_rae.autoencoders.discrepancy import Kernel, gaussian, inverse_multiquadric, mmd_squared
from grammar_rae.autoencoders.terms import KL, LIKELIHOOD, Pass
from grammar_rae.autoencoders.variant import Variant

KERNELS: Mapping[str, Kernel] = {"gaussian": gaussian, "inverse_multiquadric": inverse_multiquadric}


class RungDiscrepancy:
    """() the squared maximum mean discrepancy of each rung's draws from N(0, I), summed over rungs.

    The published code's other regulariser, in place of the KL: weights = { kl = 0, mmd = 100 }. We take the unbiased
    estimate.
    """

    def __init__(
        self,
        rungs: tuple[int, ...],
        *,
        kernel: Literal["gaussian", "inverse_multiquadric"] = "gaussian",
    ) -> None:
        self.rungs = list(rungs)
        self.kernel = KERNELS[kernel]

    def __call__(self, run: Pass) -> Tensor:
        """() of a pass; as many draws of N(0, I) come from torch's global generator."""
        pairs = zip(run.z.split(self.rungs, 1), torch.randn_like(run.z).split(self.rungs, 1), strict=True)
        return torch.stack([mmd_squared(a, b, self.kernel) for a, b in pairs]).sum()


LADDER = Variant({**LIKELIHOOD, "kl": (KL, 1.0), "mmd": (RungDiscrepancy, 0.0)}, "rungs", "standard")
