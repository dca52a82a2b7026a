"""Normals of any covariance, against torch's."""

import pytest
import torch
from torch.distributions import MultivariateNormal, kl_divergence

from grammar_rae.distributions.divergence import by_dimension, divergence
from grammar_rae.distributions.posteriors import FullGaussian, StandardNormal
from grammar_rae.noise import Noise

B, D = 4, 3


@pytest.fixture
def pair():
    torch.manual_seed(0)
    root = torch.randn(B, D, D, dtype=torch.double)
    precision = root @ root.mT + 0.1 * torch.eye(D)
    mean = torch.randn(B, D, dtype=torch.double)
    return FullGaussian(mean, torch.linalg.cholesky(precision)), MultivariateNormal(
        mean, precision_matrix=precision
    )


@pytest.mark.parametrize("shape", [(), (5,), (2, 3)])
def test_log_probabilities_of_draws_of_any_shape(pair, shape):
    q, known = pair
    z = q.rsample(shape)
    assert z.shape == (*shape, B, D)
    torch.testing.assert_close(q.log_prob(z), known.log_prob(z))


def test_draws_have_mean_and_covariance(pair):
    q, known = pair
    many = 40_000
    for z in (
        q.rsample((many,)),
        torch.stack([q.sample(Noise(0, B * draw + torch.arange(B))).double() for draw in range(4000)]),
    ):
        error = known.variance.amax() ** 0.5 / len(z) ** 0.5
        assert ((z.mean(0) - q.mean).abs() < 5 * error).all()
        for row in range(B):
            found, variance = z[:, row].T.cov(), known.variance[row]
            bound = 6 * (2 * variance[:, None] * variance / len(z)).sqrt()
            assert ((found - known.covariance_matrix[row]).abs() < bound).all()


def test_divergence_from_the_standard_normal_in_closed_form(pair):
    q, known = pair
    prior = StandardNormal(torch.zeros(D, dtype=torch.double))
    standard = MultivariateNormal(torch.zeros(D, dtype=torch.double), torch.eye(D, dtype=torch.double))
    z = q.rsample()
    torch.testing.assert_close(divergence(q, prior, z), kl_divergence(known, standard))
    assert by_dimension(q, prior, z) is None


def test_gradients_reach_mean_and_factor(pair):
    q, _ = pair
    mean, factor = q.mean.requires_grad_(), q.factor.requires_grad_()
    FullGaussian(mean, factor).rsample((2,)).square().sum().backward()
    assert mean.grad.abs().sum() > 0 and factor.grad.abs().sum() > 0
