"""A second-stage VAE on the codes of the first: Dai, Wipf, "Diagnosing and Enhancing VAE Models" (ICLR 2019).

Two forms. «dai_wipf»: three hidden layers with the input concatenated to the last, and a learned standard
deviation γ of the code given the second code; samples are drawn with that noise. «rae», the 2sVAE column of
Ghosh et al. (2020): two hidden layers, log σ = 5 tanh(·), mean squared error + w KL, which is a fixed variance
w D / 2 where the error is a mean over D dimensions and KL a sum (we take it so); samples are the decoder's means.
The codes are standardised in both; published widths are 1024, batches 64, Adam at 10⁻⁴. Dai and Wipf halve the
rate every 300 of 800 epochs; here it falls, and training ends, by a held-out tenth, as in the RAE code.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import PositiveFloat
from torch import Tensor, nn

from grammar_rae.autoencoders.autoencoder import Autoencoder
from grammar_rae.autoencoders.heads import GaussianHead
from grammar_rae.autoencoders.objective import Objective
from grammar_rae.autoencoders.priors import Standard
from grammar_rae.autoencoders.terms import LIKELIHOOD, kl
from grammar_rae.densities.codes import moments, subsample, validated
from grammar_rae.densities.density import Density
from grammar_rae.densities.learned import learn, seeded
from grammar_rae.densities.standardised import standardised
from grammar_rae.distributions.interfaces import Latent
from grammar_rae.distributions.mixtures import in_blocks
from grammar_rae.distributions.posteriors import Gaussian
from grammar_rae.nets.mlp import MLP
from grammar_rae.nets.sizes import Count, Layers, Size
from grammar_rae.noise import Noise
from grammar_rae.progress import Report, silent

FORMS = {"dai_wipf": True, "rae": False}  # whether γ is learned, the input concatenated and noise drawn
Form = Literal["dai_wipf", "rae"]
DEFAULT_FORM: Form = "dai_wipf"
LAYERS = {"dai_wipf": 3, "rae": 2}
BOUND = 5.0  # of log σ in the form «rae»
DRAWS = 100  # of the importance-sampled bound
ROWS = 250  # codes whose draws are held at a time


class Inference(nn.Module):
    """q(u | z), z (B, D) standardised."""

    def __init__(self, latent: int, width: int, layers: int, learned: bool) -> None:
        super().__init__()
        self.body = MLP(latent, width, layers, skip=learned)
        self.head = GaussianHead(self.body.outputs, latent, bound=None if learned else BOUND)

    def forward(self, z: Tensor) -> Gaussian:
        """q(u | z) of z (B, D)."""
        q: Gaussian = self.head(self.body(z))
        return q


class Generation(nn.Module):
    """p(z | u) = N(mean(u), γ² I), γ learned or fixed."""

    log_gamma: Tensor

    def __init__(self, latent: int, width: int, layers: int, learned: bool, log_gamma: float) -> None:
        super().__init__()
        self.body = MLP(latent, width, layers, skip=learned)
        self.mean = nn.Linear(self.body.outputs, latent)
        gamma = torch.tensor(log_gamma)
        if learned:
            self.log_gamma = nn.Parameter(gamma)
        else:
            self.register_buffer("log_gamma", gamma)

    def forward(self, u: Tensor) -> Gaussian:
        """p(z | u) of u (B, D)."""
        mean = self.mean(self.body(u))
        return Gaussian(mean, (2 * self.log_gamma).expand_as(mean))


class TwoStageDistribution:
    """∫ p(z | u) N(u; 0, I) du of a trained second stage."""

    exact = False

    def __init__(self, model: Autoencoder, noisy: bool) -> None:
        self.model = model
        self.noisy = noisy

    def log_prob(self, z: Tensor) -> Tensor:
        """(B,) nats of z (B, D): a lower bound of log p(z), importance-sampled with 100 draws of q(u | z).

        Burda, Grosse, Salakhutdinov (2016), equation 8: the bound holds in the mean over draws. They are the
        same for every z, so that the value depends on z alone.
        """
        return in_blocks(self._log_prob, z, ROWS)

    def _log_prob(self, z: Tensor) -> Tensor:
        prior: Latent = self.model.prior()
        many = z.repeat_interleave(DRAWS, 0)
        q = self.model.posterior(many)
        u = q.sample(Noise(0, torch.arange(DRAWS, device=z.device).repeat(len(z))))
        p: Gaussian = self.model.decoder(u)
        weights = p.log_prob(many) + prior.log_prob(u) - q.log_prob(u)
        return torch.logsumexp(weights.unflatten(0, (-1, DRAWS)), 1) - math.log(DRAWS)

    def sample(self, noise: Noise) -> Tensor:
        """(B, D), one row a sample of `noise`: with the noise γ, or the decoder's means."""
        p: Gaussian = self.model.decoder(self.model.prior().sample(noise))
        return p.sample(noise) if self.noisy else p.mean


class SecondStage(nn.Module):
    """The second VAE as a prior over standardised codes; γ begins at exp(`log_gamma`)."""

    def __init__(self, latent: int, width: int, layers: int, learned: bool, log_gamma: float = 0.0) -> None:
        super().__init__()
        self.learned = learned
        encoder = Inference(latent, width, layers, learned)
        decoder = Generation(latent, width, layers, learned, log_gamma)
        self.model = Autoencoder(encoder, decoder, Standard(latent))

    def forward(self) -> TwoStageDistribution:
        """p(z) of standardised codes."""
        return TwoStageDistribution(self.model, self.learned)


def fit(
    z: Tensor,
    seed: int = 0,
    report: Report = silent,
    *,
    form: Form = DEFAULT_FORM,
    width: Size = 256,
    layers: Layers | None = None,
    weight: PositiveFloat = 0.0015,
    epochs: Count = 100,
    batch: Count = 256,
    rate: PositiveFloat = 1e-3,
    at_most: Count = 50_000,
) -> Density:
    """The evidence lower bound on standardised codes z (n, D), a seeded choice of `at_most` of them.

    `weight` is w of the form «rae» (the paper's 0.0015 for MNIST, 0.001 CIFAR-10, 0.002 CelebA). Dai and Wipf
    fit samples of the first posterior, not its means; which they are is for the caller to say.
    Smaller and at a higher rate than published, to train in about a minute on a CPU; `batch` is less where there
    are few codes.
    """
    depth = LAYERS[form] if layers is None else layers
    data = subsample(validated(z), seed, at_most).float()
    mean, scale = moments(data)
    latent = data.shape[1]
    learned = FORMS[form]
    log_gamma = 0.0 if learned else 0.5 * math.log(weight * latent / 2)
    stage = seeded(lambda: SecondStage(latent, width, depth, learned, log_gamma), seed, data.device)
    size = max(16, min(batch, len(data) // 20))
    learn(
        Objective(stage.model, {**LIKELIHOOD, "kl": (kl, 1.0)}),
        (data - mean) / scale,
        seed,
        epochs,
        size,
        rate,
        report,
    )
    return _density(stage, mean, scale, width, depth, learned)


def codes(*, form: str = DEFAULT_FORM, **others: object) -> str | None:
    """Samples of the first posterior for Dai and Wipf's form, whatever the recipe says; None: what it says."""
    return "samples" if form == "dai_wipf" else None


def empty(latent: int, width: int, layers: int, learned: int) -> Density:
    """Of the right sizes, to be filled by `load_state_dict`."""
    stage = SecondStage(latent, width, layers, bool(learned))
    return _density(stage, torch.zeros(latent), torch.ones(latent), width, layers, bool(learned))


def _density(
    stage: nn.Module, mean: Tensor, scale: Tensor, width: int, layers: int, learned: bool
) -> Density:
    sizes = {"width": width, "layers": layers, "learned": int(learned)}
    return standardised(stage, mean, scale, sizes)
