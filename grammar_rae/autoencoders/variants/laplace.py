"""Park, Kim, Kim, "Variational Laplace Autoencoders" (ICML 2019): the posterior is expanded about its own mode.

A decoder of ReLU layers is linear about a code, x ≈ W z + b; under a Gaussian the posterior is there a Gaussian of
full covariance, known exactly. The encoder's mean begins a damped search for the mode, through which gradients flow.
The bound takes KL in closed form, where the paper draws once.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from grammar_rae.autoencoders.decoders import PixelDecoder
from grammar_rae.autoencoders.terms import KL, LIKELIHOOD
from grammar_rae.autoencoders.variant import Variant
from grammar_rae.distributions.interfaces import Posterior
from grammar_rae.distributions.pixels import BERNOULLI, LINEAR_GAUSSIAN, PixelLikelihood
from grammar_rae.distributions.posteriors import FullGaussian
from grammar_rae.nets.dense import DenseWriter
from grammar_rae.nets.sizes import Blocks


class Laplace(nn.Module):
    """The encoder's mean, `steps` of the search, and the Gaussian there. ValueError for a likelihood whose expansion is
    not known.
    """

    def __init__(self, pixels: PixelLikelihood | None = None, *, steps: Blocks = 4) -> None:
        super().__init__()
        if pixels is not BERNOULLI and pixels is not LINEAR_GAUSSIAN:
            raise ValueError(
                "the Laplace posterior needs objective.likelihood bernoulli or linear_gaussian, which it can expand"
            )
        self.steps = steps

    def forward(self, q: Posterior, x: Tensor, decoder: PixelDecoder, prior: nn.Module) -> FullGaussian:
        """N(μ_T, Λ⁻¹) of the encoder's q and x (B, C, S, S), Λ = Wᵀ R W + I at μ_T."""
        with torch.autocast(x.device.type, enabled=False):
            mean = q.mean.to(cast(DenseWriter, decoder.net).out.weight.dtype)
            for t in range(self.steps):
                slope, factor = self._expanded(mean, x, decoder)
                step = torch.cholesky_solve(slope[..., None], factor)[..., 0]
                mean = mean + 0.5 / (t + 1) * step
            return FullGaussian(mean, self._expanded(mean, x, decoder)[1])

    def _expanded(self, z: Tensor, x: Tensor, decoder: PixelDecoder) -> tuple[Tensor, Tensor]:
        """∇ log p(x, z) (B, D) at z (B, D), and the Cholesky factor (B, D, D) of −∇² of the linearised model.

        Newton's step from z is Λ⁻¹ ∇; under a Gaussian it ends where s⁻² Λ⁻¹ Wᵀ (x − b) does, whatever z. A factor
        that rounding leaves no place for is NaN, by which training knows that it diverges.
        """
        read = decoder.read(z, 0.0)
        around = cast(DenseWriter, decoder.net).linearised(read, read.shape[1] - z.shape[1])
        slope, curvature = decoder.likelihood(around.output).expansion(x)
        precision = around.squared(curvature) + torch.eye(z.shape[1], dtype=z.dtype, device=z.device)
        factor, failed = torch.linalg.cholesky_ex(precision)
        return around.pulled(slope) - z, factor.masked_fill((failed > 0)[:, None, None], torch.nan)


def unfit(net: Any, decoder: Any) -> str:
    """Why no posterior can be expanded about a decoder that is made of them."""
    if net is DenseWriter and decoder is PixelDecoder:
        return ""
    return (
        "the Laplace posterior needs a decoder of images that is piecewise linear in the code, of dense layers of "
        "ReLU: decoder.net dense"
    )


LAPLACE = Variant({**LIKELIHOOD, "kl": (KL, 1.0)}, "point", "standard", unfit=unfit, refine=Laplace)
