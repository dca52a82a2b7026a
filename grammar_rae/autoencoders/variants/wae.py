"""WAE-MMD: Tolstikhin, Bousquet, Gelly, Schölkopf, "Wasserstein Auto-Encoders" (ICLR 2018).

Deterministic codes, drawn towards N(0, I) by an unbiased estimate of the squared maximum mean discrepancy
under inverse multiquadric kernels.
"""

from __future__ import annotations

import torch
from torch import Tensor

from grammar_rae.autoencoders.discrepancy import inverse_multiquadric, mmd_squared
from grammar_rae.autoencoders.terms import LIKELIHOOD, Pass
from grammar_rae.autoencoders.variant import Variant


def mmd(run: Pass) -> Tensor:
    """() between the batch's codes and as many draws of N(0, I); 0 for a batch of one, which says nothing."""
    return mmd_squared(run.z, torch.randn_like(run.z), inverse_multiquadric)


WAE = Variant({**LIKELIHOOD, "mmd": (mmd, 10.0)}, "point", "standard")
