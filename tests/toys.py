"""What authors would add, with a line each: a variant that refines, a head, a prior, a net, a density, a likelihood."""

import torch
from pydantic import PositiveFloat
from torch import nn

from grammar_rae.autoencoders.terms import LIKELIHOOD
from grammar_rae.autoencoders.variant import Variant
from grammar_rae.densities.codes import moments
from grammar_rae.densities.density import Density
from grammar_rae.distributions.pixels import GaussianPixels, PixelLikelihood
from grammar_rae.distributions.posteriors import Point
from grammar_rae.noise import LATENT
from grammar_rae.progress import silent

LINES = {
    "VARIANTS": {"sparse_ae": "toys:SPARSE_AE"},
    "HEADS": {"scaled": "toys:ScaledHead"},
    "PRIORS": {"wide": "toys:WidePrior"},
    "ENCODER_NETS": {"bag": "toys:Bag"},
    "DENSITIES": {"laplace": ("toys:fit", "toys:empty")},
    "LIKELIHOODS": {"narrow": ("grammar_rae.autoencoders.terms:nll", "toys:NARROW")},
}


def absolute(run):
    """(B,) ||z||₁."""
    return run.z.abs().sum(-1)


class ScaledHead(nn.Module):
    """Deterministic codes times a setting of the recipe."""

    def __init__(self, hidden, latent, *, scale: float = 1.0):
        super().__init__()
        self.mean = nn.Linear(hidden, latent)
        self.scale = scale

    def forward(self, h):
        return Point(self.scale * self.mean(h))


class WidePrior(nn.Module):
    """N(0, deviation² I)."""

    exact = True

    def __init__(self, latent, *, deviation: PositiveFloat = 2.0):
        super().__init__()
        self.register_buffer("zeros", torch.zeros(latent))
        self.deviation = deviation

    def forward(self):
        return self

    def log_prob(self, z):
        return torch.distributions.Normal(self.zeros, self.deviation).log_prob(z).sum(-1)

    def sample(self, noise):
        return self.deviation * noise.normal(LATENT, len(self.zeros))


class Shrunk(nn.Module):
    """The posterior nearer to the prior's mean, the more so the less likely its code makes the rows."""

    def __init__(self, *, shrink: PositiveFloat = 1.0):
        super().__init__()
        self.shrink = shrink

    def forward(self, q, x, decoder, prior):
        surprise = -decoder(q.mean).log_prob(x).detach()[:, None] - prior().log_prob(q.mean).detach()[:, None]
        return Point(q.mean / (1 + self.shrink * surprise.relu()))


SPARSE_AE = Variant({**LIKELIHOOD, "absolute": (absolute, 0.1)}, "scaled", "wide", refine=Shrunk)


class Bag(nn.Module):
    """Columns (B, T) → the mean of their embeddings (B, size)."""

    def __init__(self, columns, *, size: int = 8):
        super().__init__()
        self.embed = nn.Embedding(columns, size)
        self.outputs = size

    def forward(self, columns):
        return self.embed(columns).mean(1)


class Laplace:
    """Independent Laplace distributions."""

    exact = True

    def __init__(self, mean, scale):
        self.mean = mean
        self.scale = scale

    def log_prob(self, z):
        return torch.distributions.Laplace(self.mean, self.scale).log_prob(z).sum(-1)

    def sample(self, noise):
        u = noise.uniform(LATENT, len(self.mean)) - 0.5
        return self.mean - self.scale * u.sign() * torch.log1p(-2 * u.abs())


def fit(z, seed=0, report=silent, *, wider: float = 1.0):
    """The moments of z (n, D), the deviation times `wider`."""
    mean, deviation = moments(z.float())
    return Density(Laplace, mean=mean, scale=wider * deviation / 2**0.5)


def empty(latent):
    return Density(Laplace, mean=torch.zeros(latent), scale=torch.ones(latent))


NARROW = PixelLikelihood(lambda output: GaussianPixels(output, -4.0))
