"""Items drawn from a density smoothed by noise of which the decoder is told."""

import numpy as np
import pytest
import torch
from tiny import tiny
from untrained import untrained_molecules

from grammar_rae.errors import DataError, RecipeError
from grammar_rae.experiments.protocols import validity_stochastic
from grammar_rae.machines.machine import EVERYTHING
from grammar_rae.model.decoding import decoded
from grammar_rae.model.densities import smoothed
from grammar_rae.model.model import Model
from grammar_rae.noise import Noise


def model_of(kind, variant="rae", told=True):
    """A tiny model whose decoder says much, with a density of its codes; a decoder that is told knows noise up to 2."""
    run, x = tiny(variant, kind, told)
    objective = run.recipe.objective.model_copy(update={"code_noise": 2.0})
    run.recipe = run.recipe.model_copy(update={"objective": objective})
    with torch.no_grad():
        for weight in run.autoencoder.parameters():
            weight *= 3
    model = Model(run)
    model.fit_density("gaussian", model.codes(x.numpy()))
    return model


def with_density(model, **changes):
    """The model with other settings of the recipe's density."""
    part = model.recipe.density.model_copy(update=changes)
    model.recipe = model.run.recipe = model.recipe.model_copy(update={"density": part})
    return model


@pytest.mark.parametrize("kind", ["parallel", "sequential", "characters", "grey"])
def test_draws_repeat_by_the_seed_whatever_the_batch_and_noise_changes_them(kind):
    model = model_of(kind)
    many = model.generate(1100 if kind != "grey" else 70, noise=0.7, seed=3, density="gaussian")
    few = model.generate(20, noise=0.7, seed=3, density="gaussian")
    assert np.array_equal(few, many[:20])
    clean = model.generate(20, noise=0, seed=3, density="gaussian")
    assert not np.array_equal(few, clean)
    assert np.array_equal(clean, model.generate(20, seed=3, density="gaussian"))


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_what_is_written_is_drawn_of_the_code_with_noise_on_it_and_of_its_deviation(temperature):
    model = model_of("sequential")
    z = torch.as_tensor(model.sample_codes(30, "gaussian", 5))
    noise = Noise.first(5, 30)
    p = decoded(model, smoothed(z, 0.4, noise), EVERYTHING, 0.4)
    x = p.mode() if temperature == 0 else p.sample(noise, temperature)
    expected = model.run.codec.decode(x.numpy())
    assert model.generate(30, density="gaussian", noise=0.4, temperature=temperature, seed=5) == expected


def test_more_noise_than_in_training_is_refused():
    model = model_of("sequential")
    assert len(model.generate(3, noise=2.0)) == 3
    with pytest.raises(RecipeError, match=r"^noise 2.5: the decoder of tiny was trained with noise up to 2;"):
        model.generate(3, noise=2.5)


def test_noise_is_of_the_deviation_asked_for_and_independent_of_the_codes():
    noise = Noise.first(0, 20_000)
    z = noise.normal(1, 3)
    apart = smoothed(z, 0.4, noise) - z
    assert apart.std().item() == pytest.approx(0.4, rel=0.02)
    assert torch.corrcoef(torch.cat([apart, z], 1).T)[:3, 3:].abs().max() < 0.03


def test_the_recipes_own_noise_is_taken_by_what_draws_and_by_nothing_else():
    plain, own = model_of("sequential"), with_density(model_of("sequential"), noise=0.7)
    how = {"density": "gaussian", "seed": 2}
    assert own.generate(20, **how) == plain.generate(20, noise=0.7, **how) != plain.generate(20, **how)
    assert own.samples(20, **how).equals(plain.samples(20, noise=0.7, **how))
    assert own.generate(9, unique=True, keep=0.5, **how) == plain.generate(
        9, unique=True, keep=0.5, noise=0.7, **how
    )
    assert validity_stochastic(own, 20, 30, density="gaussian") != validity_stochastic(
        plain, 20, 30, density="gaussian"
    )
    codes = own.sample_codes(20, "gaussian", 2)
    assert np.array_equal(codes, plain.sample_codes(20, "gaussian", 2))
    assert own.decode(codes) == plain.decode(codes) == plain.generate(20, temperature=0.0, **how)
    items = own.decode(codes)
    assert own.reconstruct(items) == plain.reconstruct(items)


def test_a_component_of_the_prior_is_smoothed_too():
    model = model_of("sequential", "vlac")
    how = {"rung": 1, "component": 2, "seed": 1}
    assert model.generate(20, noise=2.0, **how) != model.generate(20, **how)
    assert model.generate(20, noise=2.0, **how) == model.generate(40, noise=2.0, **how)[:20]


def test_a_beginning_is_completed_from_noisy_codes():
    told = ("decoder.noise_input=true", "objective.code_noise=2.0")
    model = untrained_molecules("recurrent", 1.5, told)
    how = {"start": "CC(N", "density": "prior", "raw": True, "seed": 1}
    noisy, clean = model.generate(20, noise=2.0, **how), model.generate(20, **how)
    assert noisy != clean and noisy == model.generate(20, noise=2.0, **how)
    assert all(text.startswith("CC(N") for text in noisy)


@pytest.mark.parametrize("ways", [{}, {"rung": 1, "component": 1}])
def test_noise_is_refused_where_the_decoder_is_not_told_of_it(ways):
    model = model_of("sequential", "vlac", told=False)
    assert len(model.generate(3, noise=0.0, **ways)) == 3
    with pytest.raises(
        RecipeError, match=r"^noise 0.1: the decoder of tiny is not told of noise; leave it out"
    ):
        model.generate(3, noise=0.1, **ways)
    with pytest.raises(DataError, match="noise -1; expected 0 to 1,000"):
        model.generate(3, noise=-1, **ways)
