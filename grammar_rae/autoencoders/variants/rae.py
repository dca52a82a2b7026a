"""Regularised autoencoders: Ghosh, Sajjadi, Vergari, Black, Schölkopf, "From Variational to Deterministic
Autoencoders" (ICLR 2020), equation 11: reconstruction + β ||z||² / 2 + λ L_REG, codes without noise.

The prior slot holds N(0, I), the reference for `--density prior`; sampling uses a density fitted on the codes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from grammar_rae.autoencoders.terms import LIKELIHOOD, Pass, half_norm
from grammar_rae.autoencoders.variant import Variant
from grammar_rae.nets.matrices import kernels, matrices, spectrally_normalised


def gradient_penalty(run: Pass) -> Tensor:
    """(B,) || ∂/∂z Σ y² ||² of the decoder's output y, in z (RAE-GP).

    The published code's form: the gradient of the squared output, a cheap stand-in for the norm of the
    whole Jacobian. An autoregressive decoder's output is its logits under teacher forcing.
    """
    with torch.enable_grad():
        z = run.z
        if z.requires_grad:
            y = run.outputs
        else:  # no graph was kept: validation
            z = z.detach().requires_grad_()
            y = run.model.decoder(z).outputs(run.x)
        (slope,) = torch.autograd.grad((y**2).sum(), z, create_graph=True)
    return (slope**2).sum(-1)


def decoder_decay(run: Pass) -> Tensor:
    """() ||θ||² of the decoder's matrices and kernels (RAE-L2)."""
    return torch.stack([(weight**2).sum() for _, _, weight in matrices(run.model.decoder)]).sum()


def kernel_decay(run: Pass) -> Tensor:
    """() ||θ||² of the decoder's convolutions alone: what the published code penalises on MNIST and CIFAR-10."""
    weights = kernels(run.model.decoder)
    return torch.stack([(weight**2).sum() for weight in weights]).sum() if weights else run.z.new_zeros(())


_SHARED = {**LIKELIHOOD, "half_norm": (half_norm, 1.0)}

RAE = Variant(_SHARED, "point", "standard")
RAE_GP = Variant({**_SHARED, "gradient_penalty": (gradient_penalty, 1e-6)}, "point", "standard")
RAE_L2 = Variant(
    {**_SHARED, "decoder_decay": (decoder_decay, 1e-6), "kernel_decay": (kernel_decay, 0.0)},
    "point",
    "standard",
)
RAE_SN = Variant(_SHARED, "point", "standard", edit=spectrally_normalised)
