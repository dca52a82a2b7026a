"""A normalising flow: invertible autoregressive splines from codes to N(0, I), with an exact density.

Durkan, Bekasov, Murray, Papamakarios, "Neural Spline Flows" (NeurIPS 2019), the autoregressive form, by zuko.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from grammar_rae.autoencoders.priors import Standard
from grammar_rae.densities.codes import moments, subsample, validated
from grammar_rae.densities.density import Density
from grammar_rae.densities.learned import learn, seeded
from grammar_rae.densities.standardised import standardised
from grammar_rae.distributions.flow import FlowDistribution, splines
from grammar_rae.nets.sizes import Count, Layers, Size
from grammar_rae.progress import Report, silent


class SplineFlow(nn.Module):
    """`layers` transforms whose splines a masked net with two hidden layers of `width` chooses."""

    def __init__(self, latent: int, width: int, layers: int) -> None:
        super().__init__()
        self.base = Standard(latent)
        self.transform = splines(latent, width, layers)

    def forward(self) -> FlowDistribution:
        """p(z) of standardised codes."""
        return FlowDistribution(self.transform(), self.base())


class Likelihood(nn.Module):
    """What the flow is trained by: −log p(z)."""

    def __init__(self, flow: nn.Module) -> None:
        super().__init__()
        self.flow = flow

    def forward(self, z: Tensor, step: int) -> dict[str, Tensor]:
        """{nll: (B,) nats} of z (B, D)."""
        return {"nll": -self.flow().log_prob(z)}


def fit(
    z: Tensor,
    seed: int = 0,
    report: Report = silent,
    *,
    width: Size = 128,
    layers: Layers = 3,
    epochs: Count = 60,
    at_most: Count = 50_000,
) -> Density:
    """Maximum likelihood on standardised codes z (n, D), a seeded choice of `at_most` of them.

    Adam at 10⁻³, batches of 512 (fewer where there are few codes); a tenth of the codes is held out and ends
    training early.
    """
    data = subsample(validated(z), seed, at_most).float()
    mean, scale = moments(data)
    latent = data.shape[1]
    flow = seeded(lambda: SplineFlow(latent, width, layers), seed, data.device)
    batch = max(16, min(512, len(data) // 20))
    learn(Likelihood(flow), (data - mean) / scale, seed, epochs, batch, 1e-3, report)
    return standardised(flow, mean, scale, {"width": width, "layers": layers})


def empty(latent: int, width: int, layers: int) -> Density:
    """Of the right sizes, to be filled by `load_state_dict`."""
    flow = SplineFlow(latent, width, layers)
    return standardised(flow, torch.zeros(latent), torch.ones(latent), {"width": width, "layers": layers})
