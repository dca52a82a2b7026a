"""Mutual posterior divergence (Ma, Zhou, Hovy 2019), its prior of flows, and free bits."""

import math
from itertools import permutations
from types import SimpleNamespace

import pytest
import torch
from tiny import tiny
from torch.distributions import Normal, kl_divergence

from grammar_rae.autoencoders.priors import FlowPrior
from grammar_rae.autoencoders.terms import KL, Pass, kl
from grammar_rae.autoencoders.variants.mutual import diverse, mean_pairwise, pairwise, smooth
from grammar_rae.distributions.divergence import by_dimension
from grammar_rae.distributions.posteriors import Gaussian, StandardNormal
from grammar_rae.nets.masked import MADE
from grammar_rae.noise import Noise
from grammar_rae.recipes.build import make_objective

B, D = 7, 3


def posterior(seed=0, batch=B):
    generator = torch.Generator().manual_seed(seed)
    return Gaussian(
        torch.randn(batch, D, generator=generator) + 2, torch.randn(batch, D, generator=generator)
    )


def given(q):
    return SimpleNamespace(q=q)


def pairs(q):
    """(B (B − 1), D) by torch's own divergence, pair after pair."""
    each = [Normal(m, s) for m, s in zip(q.mean, (q.log_var / 2).exp(), strict=True)]
    return torch.stack([kl_divergence(a, b) for a, b in permutations(each, 2)])


def test_terms_are_those_of_all_ordered_pairs():
    q = posterior()
    expected = pairs(q)
    torch.testing.assert_close(mean_pairwise(q), expected.mean(0), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(diverse(given(q)), torch.nn.functional.softplus(-expected.mean(0)).sum())
    torch.testing.assert_close(smooth(given(q)), expected.sum(1).std(), rtol=1e-4, atol=1e-4)


def test_fact_1_equal_posteriors():
    q = Gaussian(torch.full((B, D), 0.7), torch.full((B, D), -0.3))
    assert diverse(given(q)).item() == pytest.approx(D * math.log(2), rel=1e-5)
    assert smooth(given(q)).item() == pytest.approx(0, abs=1e-5)
    one = posterior(batch=1)
    assert diverse(given(one)).item() == pytest.approx(D * math.log(2)) and smooth(given(one)) == 0


def test_fact_2_unit_variances_give_the_unbiased_variance_of_the_means():
    mean = posterior().mean
    q = Gaussian(mean, torch.zeros_like(mean))
    torch.testing.assert_close(mean_pairwise(q), mean.var(0))


def test_fact_3_the_deviation_through_the_whole_matrix():
    """Published code: of all B² entries, the diagonal's the mean of the others, times a factor."""
    q = Gaussian(posterior().mean.double(), posterior().log_var.double())
    values = pairs(q).sum(1)
    k = values.mean().repeat(B, B)
    k[~torch.eye(B, dtype=torch.bool)] = values
    factor = math.sqrt((B**2 - 1) / (B**2 - B - 1))
    torch.testing.assert_close(smooth(given(q)), factor * k.std())


def test_fact_4_without_the_two_weights_it_is_the_vae():
    run, x = tiny("mutual", "grey")
    plain, _ = tiny("vae", "grey")
    update = {"weights": {"diverse": 0.0, "smooth": 0.0}}
    recipe = run.recipe.model_copy(update={"objective": run.recipe.objective.model_copy(update=update)})
    run.autoencoder.prior = plain.autoencoder.prior
    run.autoencoder.load_state_dict(plain.autoencoder.state_dict())
    losses = []
    for objective in (
        make_objective(recipe, run.autoencoder),
        make_objective(plain.recipe, plain.autoencoder),
    ):
        torch.manual_seed(0)
        losses.append({name: term.mean().item() for name, term in objective(x).items()})
    assert losses[0] == losses[1] and losses[0].keys() == {"nll", "kl"}


@pytest.mark.parametrize("reversed_", [False, True])
def test_a_coordinate_sees_those_before_it_alone(reversed_):
    net = MADE(5, 2, [16, 16], reversed_)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.abs_()
    slopes = torch.autograd.functional.jacobian(net, torch.rand(5))  # (2, 5, 5): outputs, coordinate, seen
    seen = (slopes != 0).any(0)
    expected = torch.ones(5, 5).tril(-1).bool()
    assert torch.equal(seen, expected.flip(0, 1) if reversed_ else expected)


def flow(mean_only=False, seed=0):
    torch.manual_seed(seed)
    prior = FlowPrior(D, steps=3, widths=[12, 12], mean_only=mean_only)
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter *= 3
    return prior


@pytest.mark.parametrize("mean_only", [False, True])
def test_a_flow_is_a_density_of_its_draws(mean_only):
    p = flow(mean_only)()
    u = torch.randn(50, D)
    z = p.made_of(u)
    torch.testing.assert_close(p.noise_of(z)[0], u, atol=1e-4, rtol=1e-4)
    slopes = torch.stack([torch.autograd.functional.jacobian(p.made_of, row) for row in u[:6]])
    expected = Normal(0, 1).log_prob(u[:6]).sum(1) - torch.linalg.slogdet(slopes)[1]
    torch.testing.assert_close(p.log_prob(z[:6]), expected, atol=1e-4, rtol=1e-4)
    drawn = p.sample(Noise(3, torch.arange(40)))
    assert torch.equal(drawn[10:20], p.sample(Noise(3, torch.arange(10, 20))))


def test_a_flow_of_means_alone_keeps_volumes():
    """Fact 3 of the lossy autoencoder: its log-determinant is 0."""
    p = flow(mean_only=True)()
    u, log_scales = p.noise_of(torch.randn(20, D))
    assert not log_scales.any() and u.std() > 0


def test_a_flow_of_the_prior_is_the_inverse_flow_of_a_posterior():
    """Fact 1 of the lossy autoencoder: the bound is the same with noise u as code and q carried over to it."""
    p, q = flow()(), posterior()
    z = q.rsample()
    u, log_scales = p.noise_of(z)
    carried = q.log_prob(z) + log_scales.sum(-1)  # log q(u): du/dz is the inverse scale
    standard = StandardNormal(torch.zeros(D))
    torch.testing.assert_close(p.log_prob(z) - q.log_prob(z), standard.log_prob(u) - carried)


def test_free_bits_never_lower_the_divergence_and_have_no_slope_below():
    """Fact 6 of the lossy autoencoder."""
    run, x = tiny("vae", "grey")
    one = Pass(run.autoencoder, x)
    parts = by_dimension(one.q, one.prior, one.z).mean(0)
    middle = parts.sort().values[:2].mean().item()
    free = KL(free_bits=middle)(one)
    assert free.item() == pytest.approx(parts.clamp(min=middle).sum().item()) and free > kl(one).mean()
    assert KL(free_nats=1e6)(one) == 1e6 and KL(free_nats=1e-6)(one).item() == pytest.approx(
        kl(one).mean().item()
    )
    log_var = run.autoencoder.encoder.head.log_var.bias
    (slope,) = torch.autograd.grad(free, log_var)
    assert torch.equal(slope != 0, parts > middle)
    assert torch.equal(KL()(one), kl(one))


def test_half_precision_does_not_reach_the_pairs():
    run, x = tiny("mutual", "grey")
    torch.manual_seed(0)
    mean = torch.randn(6, 4) * 1e-3
    near = Gaussian(mean, torch.zeros_like(mean))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(
            pairwise(near), pairwise(Gaussian(mean.double(), mean.double() * 0)).float()
        )
        said = smooth(Pass(run.autoencoder, x))
    assert said.dtype is torch.float32
