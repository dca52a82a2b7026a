"""VLAC (Willetts, Roberts, Holmes 2019): mixtures over the rungs of a code."""

import numpy as np
import pandas as pd
import pytest
import torch
from tiny import table, tiny
from torch.distributions import Categorical, Independent, MixtureSameFamily, MultivariateNormal, Normal

from grammar_rae.autoencoders.priors import RungMixtures
from grammar_rae.autoencoders.terms import Pass, kl
from grammar_rae.autoencoders.variants.vlac import fit_mixtures
from grammar_rae.distributions.posteriors import StandardNormal
from grammar_rae.errors import RecipeError
from grammar_rae.experiments.clusters import assigned, cluster_numbers, component_items, component_lists
from grammar_rae.model.components import component_codes, mixtures
from grammar_rae.model.model import Model
from grammar_rae.noise import Noise
from grammar_rae.recipes.build import make_autoencoder
from grammar_rae.recipes.schema import Recipe
from grammar_rae.report import items as items_page
from grammar_rae.report.sets import ItemSet

RUNGS = (2, 3)


def prior(covariance="full", clusters=(4, 3)):
    torch.manual_seed(0)
    made = RungMixtures(RUNGS, clusters=list(clusters), covariance=covariance)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.7 * torch.randn_like(parameter))
    return made


@pytest.mark.parametrize("covariance", ["diagonal", "full"])
def test_the_density_is_that_of_independent_mixtures(covariance):
    made = prior(covariance)
    z = torch.randn(20, 5)
    expected = 0
    for mixture, part in zip(made.rungs, z.split(RUNGS, -1), strict=True):
        own = mixture()
        parts = MultivariateNormal(own.means, scale_tril=own.factors)
        if covariance == "diagonal":
            parts = Independent(Normal(own.means, mixture.log_scales.exp()), 1)
        expected = expected + MixtureSameFamily(Categorical(own.weights), parts).log_prob(part)
    torch.testing.assert_close(made().log_prob(z), expected)


def test_draws_follow_it_and_do_not_depend_on_their_batch():
    p = prior()()
    drawn = p.sample(Noise(1, torch.arange(40_000)))
    means = torch.cat([rung.means.mean(0) for rung in p.rungs])
    torch.testing.assert_close(drawn.mean(0), means, atol=0.05, rtol=0.05)
    assert torch.equal(drawn[5:9], p.sample(Noise(1, torch.arange(5, 9))))
    one = p.sample_of(1, 2, Noise(1, torch.arange(40_000)))
    assert torch.equal(one[:, :2], drawn[:, :2])
    torch.testing.assert_close(one[:, 2:].mean(0), p.rungs[1].means[2], atol=0.05, rtol=0.05)


def test_fact_1_one_standard_component_a_rung_is_the_ladder():
    run, x = tiny("vlac", "dense")
    plain = StandardNormal(torch.zeros(5))
    made = RungMixtures((2, 2, 1), clusters=[1, 1, 1])
    with torch.no_grad():
        for mixture in made.rungs:
            mixture.means.zero_()
    z = Pass(run.autoencoder, x).z
    torch.testing.assert_close(made().log_prob(z), plain.log_prob(z))


def test_facts_2_and_3_responsibilities_give_the_marginal_and_components_have_no_order():
    made = prior()
    z = torch.randn(20, 5)
    shares = made().responsibilities(z)
    total = 0
    for share, mixture, part in zip(shares, made.rungs, z.split(RUNGS, -1), strict=True):
        torch.testing.assert_close(share.sum(1), torch.ones(20))
        joint = mixture().joint(part).T  # log p(z | k) + log p(k)
        total = total + (share * (joint - share.log())).sum(1)
    torch.testing.assert_close(total, made().log_prob(z))
    before = made().log_prob(z)
    with torch.no_grad():
        for mixture in made.rungs:
            order = torch.arange(len(mixture.means)).flip(0)
            for parameter in mixture.parameters():
                parameter.copy_(parameter[order])
    torch.testing.assert_close(made().log_prob(z), before)


def clustered(covariance="full", fit_epoch=1):
    recipe = {
        **table("vlac", "dense"),
        "prior": {"clusters": [2, 2, 3], "covariance": covariance, "fit_epoch": fit_epoch},
    }
    run, x = tiny("vlac", "dense")
    torch.manual_seed(0)
    run.autoencoder = make_autoencoder(Recipe.model_validate(recipe), run.codec)
    return run, x


@pytest.mark.parametrize("covariance", ["diagonal", "full"])
def test_mixtures_are_fitted_to_codes_before_their_epoch_alone(covariance):
    run, x = clustered(covariance)
    rows = x.repeat(10, 1, 1, 1)
    model = run.autoencoder.train()

    def state():
        return {name: value.clone() for name, value in model.prior.state_dict().items()}

    with torch.no_grad():
        z = Pass(model, rows).z
        before, fit = state(), model.prior().log_prob(z).mean()
        fit_mixtures(model, 0, 3, rows)
        fit_mixtures(model, 2, 3, rows)
        assert all(torch.equal(value, before[name]) for name, value in state().items())
        torch.manual_seed(1)
        fit_mixtures(model, 1, 3, rows)
        after = state()
        assert model.training and model.prior().log_prob(z).mean() > fit + 1
        torch.manual_seed(1)
        fit_mixtures(model, 1, 3, rows)
    assert all(torch.equal(value, after[name]) for name, value in state().items())
    assert kl(Pass(model, x)).isfinite().all()


@pytest.mark.parametrize(("epochs", "fitted"), [(1, []), (2, [1]), (3, [2]), (9, [5])])
def test_mixtures_are_fitted_before_the_last_of_few_epochs(epochs, fitted):
    run, x = clustered()
    prior = run.autoencoder.prior
    prior.fit_epoch, changed = 5, []
    for epoch in range(epochs):
        before = [value.clone() for value in prior.state_dict().values()]
        with torch.no_grad():
            fit_mixtures(run.autoencoder, epoch, epochs, x)
        if not all(map(torch.equal, before, prior.state_dict().values())):
            changed.append(epoch)
    assert changed == fitted


def test_agreement_with_classes_is_of_every_rung():
    run, x = clustered()
    with torch.no_grad():
        fit_mixtures(run.autoencoder, 1, 3, x.repeat(10, 1, 1, 1))
    model = Model(run)
    codes = model.codes(x.repeat(5, 1, 1, 1).numpy())
    labels = assigned(model, mixtures(model), codes)[2]
    numbers = cluster_numbers(model, codes, labels, 0)
    assert numbers["clustering_accuracy_rung_3"] == numbers["majority_accuracy_rung_3"] == 1
    compared = {len(set(labels)), *(len(rung.weights) for rung in mixtures(model).rungs)}
    assert {name.split("_", 2)[2] for name in numbers if name.startswith("clustering_accuracy")} == {
        "rung_1", "rung_2", "rung_3", *(f"{name}_{count}" for name in ("kmeans", "gmm") for count in compared),
    }  # fmt: skip
    assert cluster_numbers(model, codes, None, 0) == {}
    plain = Model(tiny("ladder", "dense")[0])
    assert mixtures(plain) is None and cluster_numbers(plain, codes, labels, 0) == {}
    drawn = component_items(model, mixtures(model), codes, 2, 4, 0)
    assert [items.shape for items in drawn.values()] == 3 * [(4, 28, 28, 1)]


def test_clusters_are_one_number_a_rung():
    recipe = {**table("vlac", "dense"), "prior": {"clusters": [3]}}
    with pytest.raises(RecipeError, match=r"clusters \[3\] of 3 rungs; expected one number a rung"):
        make_autoencoder(Recipe.model_validate(recipe), tiny("vlac", "dense")[0].codec)


def test_a_component_can_be_drawn_from_and_models_without_say_so():
    run, _ = clustered()
    with torch.no_grad():
        run.autoencoder.prior.rungs[2].means.copy_(torch.tensor([[-30.0], [0.0], [30.0]]))
    model = Model(run)
    drawn = component_codes(model, 3, 3, Noise(0, torch.arange(50)))
    assert (drawn[:, 4] > 20).all() and torch.equal(drawn[:, :4], prior_draws(model, 50)[:, :4])
    images = model.generate(6, rung=3, component=3, temperature=0.0)
    np.testing.assert_array_equal(images, model.decode(drawn[:6]))
    with pytest.raises(ValueError, match="rung 4 of tiny; expected 1 to 3"):
        model.generate(2, rung=4, component=1)
    with pytest.raises(ValueError, match="component 3 of rung 1 of tiny; expected 1 to 2"):
        model.generate(2, rung=1, component=3)
    with pytest.raises(ValueError, match="a component belongs to the prior alone"):
        model.generate(2, rung=1, component=1, density="gmm")
    with pytest.raises(ValueError, match="a rung and a component go together"):
        model.generate(2, component=1)
    with pytest.raises(RecipeError, match="tiny has no components"):
        Model(tiny("ladder", "dense")[0]).generate(2, rung=1, component=1)


def prior_draws(model, n):
    return torch.as_tensor(model.sample_codes(n, "prior"))


def test_strings_of_every_component_are_listed():
    run, x = tiny("vlac", "parallel")
    model = Model(run)
    lists = component_lists(model, model.codes(x.numpy()), 4, 0)
    assert list(lists) == [f"rung {i}: items of every component" for i in (1, 2, 3)]
    for named in lists.values():
        assert all(name.startswith("component ") and len(texts) == 4 for name, texts in named.items())
    shown = items_page.list_sections([ItemSet("one", pd.DataFrame(), {}, lists=lists)])
    assert len(shown) == 3 and "component 1" in shown[0]
    assert component_lists(Model(tiny("ladder", "parallel")[0]), model.codes(x.numpy()), 4, 0) == {}
