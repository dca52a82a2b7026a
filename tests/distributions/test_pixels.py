"""Pixel likelihoods: exact against torch's distributions, or summing to one by enumeration."""

import math

import pytest
import torch

from grammar_rae.distributions.pixels import (
    LAPLACE,
    LINEAR_GAUSSIAN,
    BernoulliPixels,
    GaussianPixels,
    LogisticMixturePixels,
    mixture_planes,
)
from grammar_rae.noise import Noise

torch.manual_seed(0)
X = torch.randint(0, 256, (3, 3, 4, 4), dtype=torch.uint8)
Y = torch.randn(3, 3, 4, 4)


def test_the_fixed_gaussian_is_the_squared_error():
    p = GaussianPixels(Y)
    normal = torch.distributions.Normal(Y.sigmoid(), math.sqrt(0.5))
    torch.testing.assert_close(p.log_prob(X), normal.log_prob(X / 255).sum((1, 2, 3)))
    squared = ((X / 255 - Y.sigmoid()) ** 2).sum((1, 2, 3))
    torch.testing.assert_close(-p.log_prob(X), squared + 24 * math.log(math.pi))


def test_the_learned_gaussian_has_the_variance_it_is_given():
    p = GaussianPixels(Y, torch.tensor(-3.0))
    normal = torch.distributions.Normal(Y.sigmoid(), math.exp(-1.5))
    torch.testing.assert_close(p.log_prob(X), normal.log_prob(X / 255).sum((1, 2, 3)))


def test_the_linear_gaussian_stands_around_the_output_itself():
    p = LINEAR_GAUSSIAN.distribution(Y, log_variance=torch.tensor(-3.0))
    normal = torch.distributions.Normal(Y, math.exp(-1.5))
    torch.testing.assert_close(p.log_prob(X), normal.log_prob(X / 255).sum((1, 2, 3)))


def test_laplace_pixels_are_those_of_torch_and_the_published_absolute_error():
    p = LAPLACE.distribution(Y, **LAPLACE.settings(scale=0.3))
    laplace = torch.distributions.Laplace(Y.sigmoid(), 0.3)
    torch.testing.assert_close(p.log_prob(X), laplace.log_prob(X / 255).sum((1, 2, 3)))
    absolute = 48 * (X / 255 - Y.sigmoid()).abs().mean((1, 2, 3))
    published = LAPLACE.distribution(Y, **LAPLACE.settings()).log_prob(X)
    torch.testing.assert_close(-published, 8 * absolute + 48 * math.log(2 / 8))


def test_laplace_draws_have_the_scale():
    half = torch.zeros(1, 1, 1, 1).expand(20_000, -1, -1, -1)
    p = LAPLACE.distribution(half, **LAPLACE.settings(scale=0.05))
    away = (p.sample(Noise.first(1, 20_000)).double() / 255 - 0.5).abs()
    assert away.mean().item() == pytest.approx(0.05, rel=0.03)
    assert torch.equal(p.sample(Noise.first(1, 20_000), 1e-9), p.mode())


def test_bernoulli_sums_to_one_over_two_level_images():
    y = torch.randn(1, 1, 2, 3).expand(64, -1, -1, -1)
    bits = torch.arange(64)[:, None] >> torch.arange(6) & 1
    images = (255 * bits).to(torch.uint8).view(64, 1, 2, 3)
    p = BernoulliPixels(y)
    torch.testing.assert_close(p.log_prob(images).exp().sum(), torch.tensor(1.0))
    expected = torch.distributions.Bernoulli(logits=y).log_prob((images > 0).float()).sum((1, 2, 3))
    torch.testing.assert_close(p.log_prob(images), expected)


def test_a_grey_logistic_mixture_sums_to_one():
    output = 2 * torch.randn(1, mixture_planes(1), 1, 1)
    output[:, 2::3] -= 3
    p = LogisticMixturePixels(output.expand(256, -1, -1, -1))
    every = torch.arange(256, dtype=torch.uint8).view(256, 1, 1, 1)
    torch.testing.assert_close(p.log_prob(every).exp().sum(), torch.tensor(1.0))


def test_a_colour_logistic_mixture_sums_to_one():
    output = torch.zeros(5, 10, 1, 1)
    output[:, 0] = torch.randn(5, 1, 1)
    output[:, 1] = -1.0  # red at its lower end, where the first bin takes the tail
    output[:, 2:4] = -0.8 + 0.02 * torch.randn(5, 2, 1, 1)
    output[:, 4:7] = -4.2
    output[:, 7:] = 0.03 * torch.randn(5, 3, 1, 1)
    side = 64
    red, green, blue = torch.meshgrid(*3 * [torch.arange(side)], indexing="ij")
    colours = torch.stack([red, green, blue]).view(3, 1, -1).permute(2, 0, 1)[..., None].to(torch.uint8)
    total = sum(
        LogisticMixturePixels(output.view(1, 50, 1, 1).expand(len(part), -1, -1, -1))
        .log_prob(part)
        .exp()
        .sum()
        for part in colours.split(2**15)
    )
    assert total.item() == pytest.approx(1, abs=1e-4)


def test_draws_have_the_masses_of_the_mixture():
    output = torch.randn(1, mixture_planes(1), 1, 1)
    output[:, 2::3] -= 2
    n = 20_000
    drawn = LogisticMixturePixels(output.expand(n, -1, -1, -1)).sample(Noise.first(0, n)).flatten()
    every = torch.arange(256, dtype=torch.uint8).view(256, 1, 1, 1)
    mass = LogisticMixturePixels(output.expand(256, -1, -1, -1)).log_prob(every).exp()
    counts = torch.bincount(drawn.long(), minlength=256)
    blocks = (counts.view(16, 16).sum(1), n * mass.view(16, 16).sum(1))
    chi_squared = ((blocks[0] - blocks[1]) ** 2 / blocks[1].clamp(min=1e-9))[blocks[1] > 5].sum()
    assert chi_squared < 45  # 15 degrees of freedom, p = 1e-4


def test_a_sharp_mixture_draws_green_that_follows_red():
    output = torch.full((1, 50, 1, 1), 0.0)
    parts = output.view(5, 10)
    parts[:, 1], parts[:, 2], parts[:, 3], parts[:, 4:7] = 0.5, 0.0, 0.0, -7.0
    parts[:, 7], parts[:, 8], parts[:, 9] = 10.0, 0.0, -10.0  # green follows red, blue is minus green
    p = LogisticMixturePixels(output)
    red, green, blue = p.mode().flatten().tolist()
    assert abs(red - 191) <= 1 and abs(green - red) <= 1 and abs(blue - (255 - green)) <= 1
    drawn = p.sample(Noise.first(3, 1)).flatten().tolist()
    assert all(abs(a - b) < 8 for a, b in zip(drawn, (red, green, blue), strict=True))


@pytest.mark.parametrize("p", [GaussianPixels(Y), BernoulliPixels(Y)])
def test_the_mode_is_what_is_drawn_without_heat(p):
    drawn = p.sample(Noise.first(0, 3), 1e-8)
    assert (drawn.int() - p.mode().int()).abs().max() <= 1
    assert torch.equal(drawn, p.sample(Noise.first(0, 3), 1e-8)) and drawn.dtype == torch.uint8


def test_a_drawn_image_does_not_depend_on_the_batch():
    p = GaussianPixels(Y)
    alone = GaussianPixels(Y[2:]).sample(Noise.first(5, 1, 2))
    assert torch.equal(p.sample(Noise.first(5, 3))[2:], alone)
