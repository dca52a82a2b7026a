"""Importance-sampled likelihoods against integrals, in bounded memory, of every model; latent usage."""

import math

import numpy as np
import pytest
import torch
from tiny import supported, table, tiny

from grammar_rae.autoencoders.views import as_is
from grammar_rae.catalogue import VARIANTS
from grammar_rae.distributions.posteriors import StandardNormal
from grammar_rae.evaluation.usage import active_units
from grammar_rae.experiments.distances import image_sets
from grammar_rae.experiments.latent import latent_lines, latent_numbers
from grammar_rae.model.decoding import BATCH, batch_size
from grammar_rae.model.likelihood import bits_per_dimension, drawn_view, log_likelihood
from grammar_rae.model.model import Model
from grammar_rae.model.usage import posterior_usage
from grammar_rae.progress import silent
from grammar_rae.recipes.build import make_autoencoder, make_codec
from grammar_rae.recipes.schema import Recipe
from grammar_rae.runs.folder import Run


def images(variant="vae", view="as_is", likelihood="gaussian", latent=2):
    """A tiny model of grey images under a view, and rows."""
    sections = table(variant, "grey")
    sections["data"] = {"name": "none", "view": view}
    sections["objective"] = {"variant": variant, "likelihood": likelihood}
    sections["encoder"] = {**sections["encoder"], "latent": latent}
    recipe = Recipe.model_validate(sections)
    codec = make_codec(recipe, None)
    torch.manual_seed(1)
    model = Model(Run(recipe, None, codec, make_autoencoder(recipe, codec)))
    return model, np.random.default_rng(0).integers(0, 256, (5, 1, 32, 32), np.uint8)


VIEWED = [
    ("as_is", "gaussian"),
    ("as_is", "logistic_mixture"),
    ("binarised", "bernoulli"),
    ("dequantised", "learned_gaussian"),
]


@pytest.mark.parametrize(("view", "likelihood"), VIEWED)
def test_many_draws_come_to_the_integral_over_codes(view, likelihood):
    model, rows = images(view=view, likelihood=likelihood)
    steps = np.linspace(-6, 6, 49, dtype=np.float32)
    grid = torch.as_tensor(np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2))
    with torch.no_grad():
        x = drawn_view(model, rows, 0, 3)
        p, prior = model.run.autoencoder.decoder(grid), StandardNormal(torch.zeros(2)).log_prob(grid)
        joint = torch.stack([p.log_prob(row.expand(len(grid), *row.shape)) + prior for row in x])
        integral = torch.logsumexp(joint.double(), 1) + 2 * math.log(float(steps[1] - steps[0]))
    estimate = log_likelihood(model, rows, 1000, 3)
    np.testing.assert_allclose(estimate, integral.numpy(), atol=0.15)


def test_views_are_of_the_seed_and_the_image_alone():
    model, rows = images(view="binarised", likelihood="bernoulli")
    whole = drawn_view(model, rows, 0, 1)
    assert set(whole.unique().tolist()) == {0, 255}
    assert torch.equal(whole[3:], drawn_view(model, rows[3:], 3, 1))
    assert not torch.equal(whole, drawn_view(model, rows, 0, 2))
    many = np.repeat(np.full((1, 1, 32, 32), 51, np.uint8), 50, 0)
    assert drawn_view(model, many, 0, 0).float().mean().item() / 255 == pytest.approx(0.2, abs=0.01)
    grey = drawn_view(images(view="dequantised")[0], rows, 0, 1)
    assert (grey * (256 / 255)).floor().byte().equal(torch.as_tensor(rows))
    assert torch.equal(drawn_view(images()[0], rows, 0, 1), torch.as_tensor(rows))


def test_memory_does_not_grow_with_the_draws():
    model, rows = images()
    widths = []
    model.run.autoencoder.decoder.register_forward_pre_hook(lambda _, given: widths.append(len(given[0])))
    expected = log_likelihood(model, rows, 100, 0)
    assert max(widths) == batch_size(model) == 100
    for draws, count in ((1, 5), (7, 5), (101, 5), (5000, 1)):
        widths.clear()
        assert np.isfinite(log_likelihood(model, rows[:count], draws, 0)).all()
        assert max(widths) <= 100 and sum(widths) == draws * count
    model.run.task.medium.batch_size, before = 3, model.run.task.medium.batch_size
    try:  # the draws do not depend on how many go together
        np.testing.assert_allclose(log_likelihood(model, rows, 100, 0), expected, rtol=1e-5)
    finally:
        model.run.task.medium.batch_size = before


CASES = [(v, kind) for v in VARIANTS for kind in ("grey", "sequential", "characters") if supported(v, kind)]


@pytest.mark.parametrize(("variant", "kind"), CASES)
def test_every_model_has_a_likelihood_or_says_that_it_has_none(variant, kind):
    run, x = tiny(variant, kind)
    run.autoencoder.view = as_is  # so that an item repeated is the same item
    model, rows = Model(run), x[:6].numpy()
    numbers = latent_numbers(model, rows, 64, 0)
    assert numbers["units"] == model.latent and 0 <= numbers["active_units"] <= model.latent
    assert numbers["log_likelihood_items"] == 6 and numbers["log_likelihood_draws"] == 64
    if not model.stochastic:
        assert numbers["log_likelihood"] is None and "–: the codes" in latent_lines(numbers, True)[0]
        return
    bound = log_likelihood(model, rows, 64, 0)
    weights = log_likelihood(model, np.repeat(rows, 64, 0), 1, 0).reshape(
        6, 64
    )  # of the same draws, one by one
    assert np.isfinite(weights).all() and weights.std(1).min() > 0
    np.testing.assert_allclose(bound, np.logaddexp.reduce(weights, 1) - math.log(64), rtol=1e-4, atol=1e-3)
    assert bound.mean() == pytest.approx(numbers["log_likelihood"])
    error = bound.std(ddof=1) / 6**0.5
    assert numbers["log_likelihood_error"] == pytest.approx(error)
    assert np.isfinite(numbers["kl"]) and f"± {error:.2f} nats" in latent_lines(numbers, True)[0]


def test_bits_per_dimension():
    dequantised, _ = images(view="dequantised")
    assert bits_per_dimension(dequantised, 0.0) == 8  # the uniform density on the unit cube
    assert bits_per_dimension(dequantised, 1024 * math.log(2)) == pytest.approx(7)
    stored, rows = images(likelihood="logistic_mixture")
    bits = bits_per_dimension(stored, -1024 * 3 * math.log(2))
    assert bits == pytest.approx(3) and "bits_per_dimension" in latent_numbers(stored, rows, 2, 0)
    assert bits_per_dimension(images()[0], -1.0) is None  # a density at the bytes themselves
    assert bits_per_dimension(Model(tiny("vae", "sequential")[0]), -1.0) is None


def test_kl_of_posteriors_in_closed_form_and_by_draws():
    model, rows = images(latent=3)
    many = np.repeat(rows, 400, 0)
    means, kl, parts = posterior_usage(model, many, 0)
    assert means.shape == parts.shape == (2000, 3) and len(kl) == 2000 > BATCH
    np.testing.assert_allclose(parts.sum(1), kl, rtol=1e-5)
    q = model.run.autoencoder.posterior(torch.as_tensor(rows))
    expected = torch.distributions.kl_divergence(
        torch.distributions.Normal(q.mean, (q.log_var / 2).exp()), torch.distributions.Normal(0.0, 1.0)
    )
    np.testing.assert_allclose(parts[::400], expected.detach().numpy(), rtol=1e-4, atol=1e-6)

    autoencoder = model.run.autoencoder
    posterior = autoencoder.posterior
    autoencoder.posterior = lambda x: Opaque(posterior(x))
    _, estimated, none = posterior_usage(model, many, 0)
    assert none is None
    assert abs((estimated - kl).mean()) < 4 * (estimated - kl).std() / 2000**0.5


class Opaque:
    """A posterior that no formula knows."""

    proper = True

    def __init__(self, q):
        self.mean, self.sample, self.log_prob = q.mean, q.sample, q.log_prob


def test_active_units_are_those_that_vary():
    means = np.zeros((1000, 4), np.float32)
    means[:, 0] = np.random.default_rng(0).normal(size=1000)
    means[:, 1] = 5
    means[:, 2] = np.where(np.arange(1000) % 2, 0.12, -0.12)  # variance 0.0144
    means[:, 3] = np.where(np.arange(1000) % 2, 0.08, -0.08)  # variance 0.0064
    assert active_units(means) == 2 and active_units(means[:1]) == 0


def test_sets_are_compared_with_images_as_the_model_sees_them():
    items = np.random.default_rng(0).integers(0, 256, (4, 32, 32), np.uint8)
    for view, likelihood, expected in (
        ("as_is", "gaussian", items),
        ("dequantised", "gaussian", items),
        ("binarised", "bernoulli", np.where(items < 128, 0, 255)),
    ):
        model, _ = images(view=view, likelihood=likelihood)
        assert np.array_equal(image_sets(model, items, (), 0, silent).real[..., 0], expected)
