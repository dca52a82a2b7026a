"""Images: distributions over 8-bit pixels x (B, C, H, W) uint8, given a net's linear output (B, planes, H, W).

Each owns its link, so that nets end linear. `log_prob` is in nats per image. Intensities are x / 255.
Continuous ones are densities of the intensities, the others are masses of the bytes themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import torch
import torch.nn.functional as F
from pydantic import PositiveFloat
from torch import Tensor

from grammar_rae.distributions.interfaces import Decoded
from grammar_rae.noise import DECODING, Noise

LOG_HALF = math.log(0.5)  # of the variance under which −log p is the squared error and a constant
LOG_TENTH = math.log(0.1)  # of about the variance of intensities of MNIST, with which a learned one begins
COMPONENTS = 5  # logistics in a mixture
LEAST_LOG_SCALE = -7.0
LEAST_CURVATURE = 1e-5


def _bytes(intensities: Tensor) -> Tensor:
    return (intensities * 255).round().clamp(0, 255).to(torch.uint8)


class GaussianPixels:
    """Independent normals of one variance around sigmoid(output), or around the output itself where it is `linear`.

    With variance 1/2, −log p is the summed squared error of Ghosh et al. 2020 and N log(π) / 2.
    """

    def __init__(self, output: Tensor, log_variance: Tensor | float = LOG_HALF, linear: bool = False) -> None:
        self.mean = output if linear else output.sigmoid()
        self.log_variance = torch.as_tensor(log_variance, dtype=output.dtype, device=output.device)

    def log_prob(self, x: Tensor) -> Tensor:
        """(B,) nats: the density of the intensities."""
        squared = (x / 255 - self.mean).square().flatten(1).sum(1)
        constant = 0.5 * self.mean[0].numel() * (self.log_variance + math.log(2 * math.pi))
        return -0.5 * squared / self.log_variance.exp() - constant

    def expansion(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """First (B, C, H, W) and negated second derivative () of log p(x) in its mean, a `linear` one's output."""
        precision = (-self.log_variance).exp()
        return precision * (x / 255 - self.mean), precision

    def outputs(self, x: Tensor) -> Tensor:
        """Intensities (B, C, H, W): what a gradient penalty differentiates."""
        return self.mean

    def sample(self, noise: Noise, temperature: float = 1.0) -> Tensor:
        """(B, C, H, W) uint8; temperature scales the variance."""
        eps = noise.normal(DECODING, self.mean[0].numel()).view_as(self.mean)
        return _bytes(self.mean + math.sqrt(temperature) * (self.log_variance / 2).exp() * eps)

    def mode(self) -> Tensor:
        """(B, C, H, W) uint8: the mean."""
        return _bytes(self.mean)


class LaplacePixels:
    """Independent Laplace distributions of one `scale` b around sigmoid(output): −log p is |x − m| / b and log 2 b.

    With b = 1 / ratio that is the summed absolute error times `ratio` of Zhao, Song, Ermon 2017 and a constant.
    """

    def __init__(self, output: Tensor, scale: float) -> None:
        self.centre = output.sigmoid()
        self.scale = scale

    def log_prob(self, x: Tensor) -> Tensor:
        """(B,) nats: the density of the intensities."""
        absolute = (x / 255 - self.centre).abs().flatten(1).sum(1)
        return -absolute / self.scale - self.centre[0].numel() * math.log(2 * self.scale)

    def outputs(self, x: Tensor) -> Tensor:
        """Intensities (B, C, H, W): what a gradient penalty differentiates."""
        return self.centre

    def sample(self, noise: Noise, temperature: float = 1.0) -> Tensor:
        """(B, C, H, W) uint8; temperature multiplies the scale."""
        u = noise.uniform(DECODING, self.centre[0].numel()).view_as(self.centre)
        away = torch.where(u < 0.5, (2 * u).log(), -(2 * (1 - u)).log())
        return _bytes(self.centre + temperature * self.scale * away)

    def mode(self) -> Tensor:
        """(B, C, H, W) uint8: the centre."""
        return _bytes(self.centre)


class BernoulliPixels:
    """Two-level pixels: a byte of 128 or more is one; output is the logit."""

    def __init__(self, output: Tensor) -> None:
        self.logits = output

    def log_prob(self, x: Tensor) -> Tensor:
        """(B,) nats of the thresholded image."""
        ones = (x >= 128).to(self.logits.dtype)
        return -F.binary_cross_entropy_with_logits(self.logits, ones, reduction="none").flatten(1).sum(1)

    def expansion(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """First and negated second derivative (B, C, H, W) of log p(x) in the output, the latter 1e-5 or more."""
        mean = self.logits.sigmoid()
        return (x >= 128).to(mean.dtype) - mean, (mean * (1 - mean)).clamp(min=LEAST_CURVATURE)

    def outputs(self, x: Tensor) -> Tensor:
        """Probabilities of one (B, C, H, W)."""
        return self.logits.sigmoid()

    def sample(self, noise: Noise, temperature: float = 1.0) -> Tensor:
        """(B, C, H, W) uint8, 0 or 255."""
        u = noise.uniform(DECODING, self.logits[0].numel()).view_as(self.logits)
        return (u < (self.logits / temperature).sigmoid()).to(torch.uint8) * 255

    def mode(self) -> Tensor:
        """(B, C, H, W) uint8, 0 or 255."""
        return (self.logits > 0).to(torch.uint8) * 255


class LogisticMixturePixels:
    """A mixture of logistics a pixel, in bins of one byte; a pixel's channels follow one another.

    Salimans, Karpathy, Chen, Kingma, "PixelCNN++" (2017), section 2.1 and 2.2: means of green and blue are
    linear in the channels before, the outermost bins take the tails. Intensities run from −1 to 1 here.
    Planes for each component: one logit, then for each channel mean and log-scale, then the coefficients.
    """

    def __init__(self, output: Tensor) -> None:
        self.channels = channels = {mixture_planes(c): c for c in (1, 3)}[output.shape[1]]
        parts = output.unflatten(1, (COMPONENTS, -1))
        self.log_weights = parts[:, :, 0].log_softmax(1)  # (B, K, H, W)
        self.means = parts[:, :, 1 : 1 + channels]  # (B, K, C, H, W)
        self.log_scales = parts[:, :, 1 + channels : 1 + 2 * channels].clamp(min=LEAST_LOG_SCALE)
        self.coefficients = parts[:, :, 1 + 2 * channels :].tanh()

    def _shifted(self, values: Tensor) -> Tensor:
        """Means (B, K, C, H, W) given the channels before, values (B, C, H, W) in [−1, 1]."""
        if self.channels == 1:
            return self.means
        red, green = values[:, None, 0], values[:, None, 1]
        a, b, c = self.coefficients.unbind(2)
        first, second, third = self.means.unbind(2)
        return torch.stack([first, second + a * red, third + b * red + c * green], 2)

    def log_prob(self, x: Tensor) -> Tensor:
        """(B,) nats: the mass of the bytes."""
        values = x / 127.5 - 1
        offset = values[:, None] - self._shifted(values)
        inverse = (-self.log_scales).exp()
        upper, lower = inverse * (offset + 1 / 255), inverse * (offset - 1 / 255)
        # log(σ(upper) − σ(lower)) without cancellation: σ(a) − σ(b) = (1 − e^(b − a)) σ(a) σ(−b)
        inside = F.logsigmoid(upper) + F.logsigmoid(-lower) + torch.log(-torch.expm1(lower - upper))
        bytes_ = x[:, None]
        mass = torch.where(
            bytes_ == 0, F.logsigmoid(upper), torch.where(bytes_ == 255, F.logsigmoid(-lower), inside)
        )
        return torch.logsumexp(self.log_weights + mass.sum(2), 1).flatten(1).sum(1)

    def outputs(self, x: Tensor) -> Tensor:
        """Mean intensities of the mixture, given x (B, C, H, W), from 0 to 1."""
        means = self._shifted(x / 127.5 - 1)
        return (((self.log_weights.exp()[:, :, None] * means).sum(1) + 1) / 2).clamp(0, 1)

    def sample(self, noise: Noise, temperature: float = 1.0) -> Tensor:
        """(B, C, H, W) uint8; temperature sharpens the weights and scales the logistics."""
        batch, _, height, width = self.log_weights.shape
        size = height * width
        u = noise.uniform(DECODING, size * (1 + self.channels)).view(batch, -1, height, width)
        bounds = (self.log_weights / temperature).softmax(1).cumsum(1)
        chosen = (bounds <= u[:, :1] * bounds[:, -1:]).sum(1).clamp(max=self.log_weights.shape[1] - 1)
        return self._written(chosen, temperature * (u[:, 1:].log() - torch.log1p(-u[:, 1:])))

    def mode(self) -> Tensor:
        """(B, C, H, W) uint8: the centre of each pixel's likeliest component."""
        zeros = torch.zeros_like(self.means[:, 0])
        return self._written(self.log_weights.argmax(1), zeros)

    def _written(self, chosen: Tensor, logits: Tensor) -> Tensor:
        """Channel after channel from the components (B, H, W) and standard logistic draws (B, C, H, W)."""
        index = chosen[:, None, None]

        def of(part: Tensor) -> Tensor:
            """What a part of the planes says of the chosen components."""
            return part.gather(1, index.expand(-1, 1, *part.shape[2:]))[:, 0]

        means, scales = of(self.means), of(self.log_scales).exp()
        values = torch.zeros_like(means)
        for channel in range(self.channels):
            centre = means[:, channel]
            if channel > 0:
                first, *rest = of(self.coefficients).unbind(1)
                weights = (first,) if channel == 1 else tuple(rest)
                centre = centre + sum(w * values[:, i] for i, w in enumerate(weights))
            drawn = centre + scales[:, channel] * logits[:, channel]
            values[:, channel] = (((drawn + 1) * 127.5).round().clamp(0, 255)) / 127.5 - 1
        return _bytes((values + 1) / 2)


def mixture_planes(channels: int) -> int:
    """How many planes `LogisticMixturePixels` takes for images of so many channels."""
    return COMPONENTS * (1 + 2 * channels + channels * (channels - 1) // 2)


def _same(channels: int) -> int:
    return channels


def _none() -> dict[str, float]:
    return {}


def _laplace_settings(*, scale: PositiveFloat = 0.125) -> dict[str, float]:
    """The scale: 1/8 is that of the published ladders on MNIST and SVHN, 2 that on CelebA."""
    return {"scale": scale}


@dataclass(frozen=True)
class PixelLikelihood:
    """What the output of a net says of an image.

    `planes(channels)` is how many planes a net puts out, `distribution(output, **learned)` the p of them, `learned` the
    initial values of its parameters that are trained with the net; `continuous`: log_prob is that of a density.
    `settings(**stated)` gives `distribution` what a recipe states with the objective.
    """

    distribution: Callable[..., Decoded]
    planes: Callable[[int], int] = _same
    learned: Mapping[str, float] = field(default_factory=dict)
    continuous: bool = False
    settings: Callable[..., Mapping[str, float]] = _none


GAUSSIAN = PixelLikelihood(GaussianPixels, continuous=True)
LEARNED_GAUSSIAN = PixelLikelihood(GaussianPixels, learned={"log_variance": LOG_HALF}, continuous=True)
LINEAR_GAUSSIAN = PixelLikelihood(
    partial(GaussianPixels, linear=True), learned={"log_variance": LOG_TENTH}, continuous=True
)
LAPLACE = PixelLikelihood(LaplacePixels, continuous=True, settings=_laplace_settings)
BERNOULLI = PixelLikelihood(BernoulliPixels)
LOGISTIC_MIXTURE = PixelLikelihood(LogisticMixturePixels, mixture_planes)
