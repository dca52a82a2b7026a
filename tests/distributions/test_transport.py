"""A velocity that is known has a density that is known."""

import torch
from torch.distributions import MultivariateNormal
from torch.func import jacrev, vmap

from grammar_rae.distributions.posteriors import StandardNormal
from grammar_rae.distributions.transport import TransportDistribution
from grammar_rae.nets.velocity import Velocity
from grammar_rae.noise import LATENT, Noise

MATRIX = torch.tensor([[0.5, 0.8, 0.0], [-0.8, 0.2, 0.3], [0.1, 0.0, -0.7]], dtype=torch.float64)
BASE = StandardNormal(torch.zeros(3, dtype=torch.float64))


def linear(u, t):
    """Codes are multiplied by exp(MATRIX) by the time 1, whatever the speed at which time passes."""
    return 2 * t * (u @ MATRIX.T.to(u.dtype))


def test_a_linear_velocity_is_a_gaussian_to_second_order_in_the_steps():
    end = torch.linalg.matrix_exp(MATRIX)
    true = MultivariateNormal(torch.zeros(3, dtype=torch.float64), end @ end.T)
    z = Noise.first(0, 50).normal(LATENT, 3).double() @ end.T
    errors = []
    for steps in (8, 16, 32):
        found = TransportDistribution(linear, BASE, steps)
        errors.append((found.log_prob(z) - true.log_prob(z)).abs().max().item())
    assert errors[2] < 0.01
    for coarse, fine in zip(errors, errors[1:], strict=False):
        assert 3.5 < coarse / fine < 4.5


def test_samples_are_where_the_velocity_leads():
    end = torch.linalg.matrix_exp(MATRIX)
    noise = Noise.first(3, 100)
    drawn = TransportDistribution(linear, BASE, 100).sample(noise)
    expected = noise.normal(LATENT, 3).double() @ end.T
    torch.testing.assert_close(drawn.double(), expected, rtol=0, atol=1e-3)


def test_the_divergence_is_the_trace_of_the_jacobian():
    torch.manual_seed(0)
    net = Velocity(5, 16, 2).double()
    for weight in net.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    u, t = torch.randn(20, 5, dtype=torch.float64), torch.full((1, 1), 0.3, dtype=torch.float64)
    base = StandardNormal(torch.zeros(5, dtype=torch.float64))
    velocity, trace = TransportDistribution(net, base, 4).divergence(u, t)
    jacobians = vmap(jacrev(lambda one: net(one[None], t)[0]))(u)
    torch.testing.assert_close(velocity, net(u, t))
    torch.testing.assert_close(trace, jacobians.diagonal(dim1=1, dim2=2).sum(1))
