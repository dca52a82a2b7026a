"""Flow matching: a network learns the velocity that carries noise to codes; samples follow it.

Lipman, Chen, Ben-Hamu, Nickel, Le, "Flow Matching for Generative Modeling" (ICLR 2023). Noise and codes are paired by
chance, the independent coupling of Tong et al., "Improving and Generalizing Flow-Based Generative Models with Minibatch
Optimal Transport" (TMLR 2024). A pair's way is the trigonometric one of Albergo, Vanden-Eijnden, "Building Normalizing
Flows with Stochastic Interpolants" (ICLR 2023): of whitened codes mean and covariance are then those of the noise at
every time, so that the velocity 0, where training starts, is the full Gaussian.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from grammar_rae.autoencoders.priors import Standard
from grammar_rae.densities.codes import covariance_factor, subsample, validated
from grammar_rae.densities.density import Density
from grammar_rae.densities.learned import learn, seeded
from grammar_rae.densities.standardised import WhitenedDistribution, whitened
from grammar_rae.distributions.transport import TransportDistribution
from grammar_rae.nets.sizes import Blocks, Count, Size
from grammar_rae.nets.velocity import Velocity
from grammar_rae.progress import Report, silent

EXAMPLES = 50_000  # codes an epoch
RATE = 1e-3
HORIZON = 0.05  # share of all steps that the average of the weights looks back


class FlowMatching(nn.Module):
    """The velocity of whitened codes, its numbers kept in half precision once they are learned."""

    def __init__(self, latent: int, width: int, blocks: int, steps: int) -> None:
        super().__init__()
        self.base = Standard(latent)
        self.velocity = Velocity(latent, width, blocks)
        self.steps = steps

    def forward(self) -> TransportDistribution:
        """p(y) of whitened codes, in single precision."""
        return TransportDistribution(copy.deepcopy(self.velocity).float(), self.base(), self.steps)


class Matching(nn.Module):
    """What the velocity is trained by: its mean squared error, of velocities whose mean square is 1."""

    def __init__(self, velocity: nn.Module) -> None:
        super().__init__()
        self.velocity = velocity

    def forward(self, y: Tensor, step: int) -> dict[str, Tensor]:
        """{error: (B,)} of y (B, D), each at one time; the times of a batch are spread evenly."""
        begin, noise = torch.rand(1, 1, device=y.device), torch.randn_like(y)
        t = (begin + torch.arange(len(y), device=y.device)[:, None] / len(y)) % 1
        sine, cosine = (math.pi / 2 * t).sin(), (math.pi / 2 * t).cos()
        error = self.velocity(cosine * noise + sine * y, t) - (cosine * y - sine * noise)
        return {"error": error.square().mean(-1)}


def fit(
    z: Tensor,
    seed: int = 0,
    report: Report = silent,
    *,
    width: Size = 192,
    blocks: Blocks = 3,
    epochs: Count = 60,
    steps: Count = 10,
    at_most: Count = 500_000,
) -> Density:
    """Least squares of velocities on whitened codes z (n, D), a seeded choice of `at_most` of them.

    Adam at 10⁻³ falling by a cosine, batches of 512 (fewer where there are few codes), 50,000 codes an epoch;
    averaged weights. A tenth of the codes is held out, chooses the epoch, and ends training early. `steps` of the
    midpoint rule make a sample.
    """
    data = subsample(validated(z), seed, at_most).float()
    mean, factor = (part.float() for part in covariance_factor(data))
    sizes = {"width": width, "blocks": blocks, "steps": steps}
    flow = seeded(lambda: FlowMatching(data.shape[1], **sizes), seed, data.device)
    batch = max(16, min(512, len(data) // 20))
    all_steps = epochs * min(len(data), EXAMPLES) / batch
    learn(
        Matching(flow.velocity),
        whitened(data, mean, factor),
        seed,
        epochs,
        batch,
        RATE,
        report,
        unit=" of 1",
        schedule="cosine",
        average=max(0.0, 1 - 1 / (HORIZON * all_steps)),
        epoch_examples=EXAMPLES,
    )
    flow.velocity.half()
    return _density(flow, mean, factor, sizes)


def empty(latent: int, width: int, blocks: int, steps: int) -> Density:
    """Of the right sizes, to be filled by `load_state_dict`."""
    sizes = {"width": width, "blocks": blocks, "steps": steps}
    flow = FlowMatching(latent, **sizes)
    flow.velocity.half()
    return _density(flow, torch.zeros(latent), torch.eye(latent), sizes)


def _density(flow: nn.Module, mean: Tensor, factor: Tensor, sizes: Mapping[str, int]) -> Density:
    return Density(WhitenedDistribution, sizes, inner=flow.requires_grad_(False), mean=mean, factor=factor)
