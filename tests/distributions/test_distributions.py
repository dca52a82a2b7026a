"""Noise, posteriors and divergences against formulas written out and trusted libraries."""

import pytest
import torch
from scipy.stats import kstest

from grammar_rae.autoencoders.priors import Standard
from grammar_rae.distributions.characters import Characters
from grammar_rae.distributions.divergence import divergence
from grammar_rae.distributions.masking import channel_cross_entropy, choose
from grammar_rae.distributions.posteriors import Gaussian, Point
from grammar_rae.noise import Noise


def test_noise_is_uniform_normal_and_a_function_of_its_counter():
    noise = Noise.first(7, 20_000)
    u, z = noise.uniform(2, 3), noise.normal(1, 3)
    assert u.min() > 0 and u.max() < 1
    assert all(kstest(column, "uniform").pvalue > 1e-3 for column in u.T.numpy())
    assert all(kstest(column, "norm").pvalue > 1e-3 for column in z.T.numpy())
    assert torch.equal(Noise(7, torch.tensor([123])).uniform(2, 3), u[123:124])
    assert torch.equal(noise.uniform(2, 1, start=2), u[:, 2:])
    assert not torch.equal(Noise.first(8, 20_000).uniform(2, 3), u)
    assert not torch.equal(noise.uniform(3, 3), u)
    assert abs(torch.corrcoef(u.T)[0, 1]) < 0.03


def test_compiled_noise_is_the_tensor_formula(monkeypatch):
    noise = Noise(-5, torch.tensor([0, 3, 10**12]))
    compiled = noise.uniform(1, 50)
    monkeypatch.setattr("grammar_rae.noise.device_is_cpu", lambda index: False)
    assert torch.equal(noise.uniform(1, 50), compiled)


def test_choices_invert_the_distribution_function():
    logits = torch.tensor([0.0, -torch.inf, 1.0, 2.0]).expand(4, -1)
    p = torch.softmax(logits[0], 0)
    u = torch.tensor([0.5 * p[0], p[0] + 1e-4, p[0] + p[2] + 1e-4, 1 - 1e-7])
    assert choose(logits, u).tolist() == [0, 2, 3, 3]
    assert choose(torch.tensor([[0.0, 0.0, -torch.inf]]), torch.tensor([1.0])).tolist() == [1]


def test_the_published_loss_counts_every_channel():
    torch.manual_seed(0)
    scores, x = torch.randn(2, 3, 4).double(), torch.randint(0, 4, (2, 3))
    p = torch.softmax(scores, -1)
    one_hot = torch.nn.functional.one_hot(x, 4).double()
    expected = torch.nn.functional.binary_cross_entropy(p, one_hot, reduction="none").sum((1, 2))
    torch.testing.assert_close(channel_cross_entropy(scores, x), expected)


def test_divergences_agree_with_torch_and_with_monte_carlo():
    torch.manual_seed(0)
    q = Gaussian(torch.randn(5, 3), torch.randn(5, 3))
    p = Standard(3)()
    reference = torch.distributions.kl_divergence(
        torch.distributions.Normal(q.mean, (q.log_var / 2).exp()), torch.distributions.Normal(0.0, 1.0)
    ).sum(-1)
    torch.testing.assert_close(divergence(q, p, q.mean), reference)
    wide = Gaussian(q.mean.repeat(40_000, 1), q.log_var.repeat(40_000, 1))
    z = wide.sample(Noise.first(0, 200_000))
    draws = (wide.log_prob(z) - p.log_prob(z)).reshape(-1, 5)
    assert ((draws.mean(0) - reference).abs() < 5 * draws.std(0) / 200).all()


def test_scaled_noise_leaves_the_divergence_alone():
    mean, log_var = torch.zeros(1000, 2), torch.zeros(1000, 2)
    quiet = Gaussian(mean, log_var, noise=0.01)
    assert quiet.sample(Noise.first(0, 1000)).std() == pytest.approx(0.01, rel=0.1)
    torch.testing.assert_close(divergence(quiet, Standard(2)(), mean), torch.zeros(1000))


def test_posteriors_draw_in_any_shape():
    torch.manual_seed(0)
    mean, log_var = torch.randn(4, 3), torch.randn(4, 3)
    q, point = Gaussian(mean, log_var), Point(mean)
    assert q.rsample((2, 5)).shape == point.rsample((2, 5)).shape == (2, 5, 4, 3)
    reference = torch.distributions.Normal(mean, (log_var / 2).exp())
    z = q.rsample((6,))
    torch.testing.assert_close(q.log_prob(z), reference.log_prob(z).sum(-1))
    torch.manual_seed(1)
    drawn = q.rsample()
    torch.manual_seed(1)
    torch.testing.assert_close(drawn, reference.rsample())
    assert point.log_prob(point.rsample((2,))).tolist() == [[0.0] * 4] * 2
    assert (point.log_prob(z) == -torch.inf).all()


def test_only_draws_that_follow_their_own_density_are_proper():
    zeros = torch.zeros(2, 3)
    assert Gaussian(zeros, zeros).proper
    assert not Gaussian(zeros, zeros, noise=0.01).proper and not Point(zeros).proper


def test_characters_go_on_from_a_prefix():
    p = Characters(torch.randn(3, 5, 4))
    noise, prefix = Noise.first(0, 3), torch.tensor([2, 1])
    assert p.sample(noise, 1.0, prefix)[:, :2].tolist() == p.mode(prefix)[:, :2].tolist() == [[2, 1]] * 3
    assert torch.equal(p.sample(noise, 1.0, prefix)[:, 2:], p.sample(noise)[:, 2:])
    assert torch.equal(p.mode(prefix)[:, 2:], p.mode()[:, 2:])
