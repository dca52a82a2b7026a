"""Local pixels are a distribution, drawn pixel after pixel: they sum to one, and draws have those masses."""

import pytest
import torch

from grammar_rae.distributions.local import LocalPixels
from grammar_rae.distributions.pixels import BERNOULLI, LEARNED_GAUSSIAN, LOGISTIC_MIXTURE
from grammar_rae.nets.local import LocalNet
from grammar_rae.noise import Noise

SIZE = 3
EVERY = 255 * (torch.arange(2**9)[:, None] >> torch.arange(9) & 1).to(torch.uint8).view(-1, 1, SIZE, SIZE)


def local(window, codes=1, pixels=BERNOULLI, channels=1, size=SIZE):
    torch.manual_seed(1)
    net = LocalNet(size, channels, 2, pixels.planes(channels), window=window, maps=5, layers=2, blocks=1)
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(2)
    return net, LocalPixels(
        net, torch.randn(1, 2, size, size).expand(codes, -1, -1, -1), channels, pixels.distribution
    )


@pytest.mark.parametrize("window", [[0, 0], [2, 0], [1, 1], [3, 2], "full"])
def test_two_level_images_sum_to_one_and_draws_have_their_masses(window):
    _, p = local(window, len(EVERY))
    mass = p.log_prob(EVERY).detach().exp()
    assert mass.sum().item() == pytest.approx(1, abs=1e-5)
    n = 20_000
    _, many = local(window, n)
    drawn = many.sample(Noise.first(5, n))
    number = ((drawn > 0).flatten(1) * 2 ** torch.arange(9)).sum(1)
    counts = torch.bincount(number, minlength=len(EVERY))
    often = n * mass > 5
    chi_squared = ((counts - n * mass) ** 2 / (n * mass))[often].sum().item()
    freedom = int(often.sum())
    assert chi_squared < freedom + 4 * (2 * freedom) ** 0.5


@pytest.mark.parametrize(
    ("pixels", "channels"), [(BERNOULLI, 1), (LOGISTIC_MIXTURE, 3), (LOGISTIC_MIXTURE, 1)]
)
def test_the_mode_is_the_likeliest_pixel_after_pixel_and_what_no_heat_draws(pixels, channels):
    net, p = local([3, 1], 4, pixels, channels, 5)
    mode = p.mode()
    again = pixels.distribution(net(mode / 127.5 - 1, p.context)).mode()
    assert mode.dtype == torch.uint8 and mode.shape == (4, channels, 5, 5)
    assert (again.int() - mode.int()).abs().max() <= 1
    if pixels is BERNOULLI:
        assert torch.equal(p.sample(Noise.first(0, 4), 1e-6), mode)


@pytest.mark.parametrize(
    ("pixels", "channels"), [(BERNOULLI, 1), (LOGISTIC_MIXTURE, 3), (LEARNED_GAUSSIAN, 3)]
)
def test_a_drawn_image_does_not_depend_on_the_batch(pixels, channels):
    _, p = local([3, 1], 6, pixels, channels, 5)
    _, alone = local([3, 1], 1, pixels, channels, 5)
    drawn = p.sample(Noise.first(7, 6))
    assert torch.equal(drawn[4:5], alone.sample(Noise.first(7, 1, 4)))
    assert not torch.equal(drawn[:1], drawn[1:2])


def test_colours_follow_one_another_within_a_pixel_of_a_grey_window_too():
    torch.manual_seed(0)
    net = LocalNet(SIZE, 3, 2, LOGISTIC_MIXTURE.planes(3), window=[3, 1], grey=True, maps=5, layers=2)
    p = LocalPixels(net, torch.randn(1, 2, SIZE, SIZE), 3, LOGISTIC_MIXTURE.distribution)
    x = (255 * torch.rand(1, 3, SIZE, SIZE)).requires_grad_()

    def slope(channel):
        (found,) = torch.autograd.grad(p.outputs(x)[0, channel, 2, 2], x, retain_graph=True)
        return found[0, :, 2, 2] != 0

    red, green, blue = slope(0), slope(1), slope(2)
    assert red.tolist() == [False] * 3
    assert green.tolist() == [True, False, False] and blue.tolist() == [True, True, False]


def test_noise_goes_on_where_it_was_left():
    noise = Noise.first(3, 4)
    assert torch.equal(noise.after(5).uniform(2, 3), noise.uniform(2, 8)[:, 5:])
    assert torch.equal(noise.after(2).after(3).normal(1, 2, 1), noise.normal(1, 8)[:, 6:])
