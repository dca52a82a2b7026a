"""What a variant may ask of training beside its terms: views, warm-up, phases, what comes before an epoch."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from tiny import table, tiny

from grammar_rae.autoencoders.autoencoder import Autoencoder
from grammar_rae.autoencoders.objective import Objective
from grammar_rae.autoencoders.terms import LIKELIHOOD, kl, nll
from grammar_rae.autoencoders.variant import Variant
from grammar_rae.autoencoders.variants.vae import VAE
from grammar_rae.autoencoders.views import binarised, dequantised
from grammar_rae.catalogue import VARIANTS
from grammar_rae.distributions.divergence import by_dimension, divergence
from grammar_rae.distributions.posteriors import Gaussian, StandardNormal
from grammar_rae.errors import DataError, RecipeError
from grammar_rae.model.model import Model
from grammar_rae.recipes.build import make_autoencoder, make_codec, make_objective
from grammar_rae.recipes.parts import complete
from grammar_rae.recipes.schema import Recipe
from grammar_rae.runs.weights import pack_weights, warm_start
from grammar_rae.training.batches import Data
from grammar_rae.training.loop import fit
from grammar_rae.training.settings import Settings


class Doubling(torch.nn.Module):
    """A term with a setting and a buffer: `rate` times log₂ of what doubles in every step of training."""

    count: torch.Tensor

    def __init__(self, *, rate: float = 1.0) -> None:
        super().__init__()
        self.rate = rate
        self.register_buffer("count", torch.ones(()))

    def forward(self, run):
        if self.training:
            self.count *= 2
        return self.rate * self.count.log2() + 0 * run.z.sum(-1)


def train(objective, x, folder=None, resume=False, stop=None, **changes):
    how = Settings(**{"epochs": 4, "batch": 4, "learning_rate": 0.01, **changes})
    records = []
    for record in fit(
        objective, Data(x[:6], x[6:]), how, Fabric(accelerator="cpu"), folder, resume,
        begin=objective.begin, phases=objective.phases, settling=objective.settling,
    ):  # fmt: skip
        records.append({name: value for name, value in record.items() if name != "seconds"})
        if len(records) == stop:
            break
    return records


def test_a_term_with_settings_is_made_by_the_recipe_and_its_buffers_are_resumed(monkeypatch, tmp_path):
    variant = replace(VAE, terms={**LIKELIHOOD, "kl": (kl, 1.0), "doubling": (Doubling, 1.0)})
    monkeypatch.setitem(VARIANTS, "doubling", f"{__name__}:VARIANT")
    monkeypatch.setitem(globals(), "VARIANT", variant)
    recipe = table("doubling", "grey")
    recipe["objective"] |= {"rate": 0.5}
    recipe = complete(Recipe.model_validate(recipe))
    assert recipe.objective.settings == {"rate": 0.5}
    _, x = tiny("vae", "grey")

    def objective():
        torch.manual_seed(0)
        return make_objective(recipe, make_autoencoder(recipe, tiny("vae", "grey")[0].codec))

    whole = train(objective(), x)
    assert [record["valid_doubling"] for record in whole] == [1.0, 2.0, 3.0, 4.0]  # two batches an epoch
    train(objective(), x, tmp_path, stop=2)
    assert train(objective(), x, tmp_path, resume=True) == whole[2:]
    with pytest.raises(RecipeError, match="objective.variant doubling has no setting rat; did you mean rate"):
        complete(
            Recipe.model_validate(
                {**table("doubling", "grey"), "objective": {"variant": "doubling", "rat": 1}}
            )
        )


def test_warm_up_raises_a_weight_in_training_alone():
    run, x = tiny("vae", "grey")
    objective = Objective(run.autoencoder, {"kl": (kl, 2.0)}, warm_up={"kl": 2000})
    plain = Objective(run.autoencoder, {"kl": (kl, 2.0)})

    def share(step):
        return (objective(x, step)["kl"] / plain(x, step)["kl"]).mean().item()

    assert share(0) == 0 and share(2000) == pytest.approx(0.632, abs=5e-4)
    for module in (objective, plain):
        module.eval()
    assert share(0) == 1
    recipe = Recipe.model_validate(
        {**table("vae", "grey"), "objective": {"variant": "vae", "warm_up": {"k": 3}}}
    )
    with pytest.raises(RecipeError, match="k is no term of vae"):
        make_objective(recipe, run.autoencoder)


def test_each_batch_takes_the_phases_of_the_objective_and_a_weight_moves_in_its_own_alone():
    run, x = tiny("vae", "grey")
    encoder, decoder = run.autoencoder.encoder.head.mean.weight, run.autoencoder.decoder.net.dense.weight
    seen = []

    def alternating(one):
        seen.append((one.training, one.step, encoder.detach().clone(), decoder.detach().clone()))
        return (
            one.q.mean.square().sum(-1)
            if one.step % 2 == 0
            else one.model.decoder(torch.ones(1, 3)).mean.sum()
        )

    train(Objective(run.autoencoder, {"one": (alternating, 1.0)}, phases=2), x, epochs=1)
    training = [entry[1:] for entry in seen if entry[0]]
    assert [step for step, *_ in training] == [0, 1, 2, 3]
    for (step, before_e, before_d), (_, after_e, after_d) in zip(training, training[1:], strict=False):
        assert torch.equal(before_e, after_e) == (step % 2 == 1)
        assert torch.equal(before_d, after_d) == (step % 2 == 0)
    assert [step for training, step, *_ in seen if not training] == [4]


def test_what_comes_before_an_epoch_reaches_the_averaged_weights_and_is_resumed(tmp_path):
    def begin(model, epoch, epochs, rows):
        assert len(rows) == 6
        if epoch == 2:
            model.encoder.head.mean.bias.fill_(7.0)

    def objective():
        run, x = tiny("vae", "grey")
        return Objective(run.autoencoder, {**LIKELIHOOD, "kl": (kl, 1.0)}, begin=begin), x

    one, x = objective()
    whole = train(one, x, average=0.999, epochs=3)
    train(objective()[0], x, tmp_path, stop=2, average=0.999, epochs=3)
    assert train(objective()[0], x, tmp_path, resume=True, average=0.999, epochs=3) == whole[2:]
    last = train(objective()[0], x, tmp_path / "other", average=0.999, epochs=3, learning_rate=1e-9)
    assert len(last) == 3
    from safetensors.torch import load_file

    stored = load_file(tmp_path / "other" / "checkpoint" / "tensors.safetensors")
    bias = stored["average/module.model.encoder.head.mean.bias"]
    torch.testing.assert_close(bias, torch.full_like(bias, 7.0))


def test_a_weight_set_before_an_epoch_begins_anew_for_the_optimizer():
    run, x = tiny("ae", "grey")
    weight = run.autoencoder.encoder.head.mean.bias
    seen = {}

    def begin(model, epoch, epochs, rows):
        if epoch == 1:
            weight.fill_(5.0)

    def pull(one):
        if one.training:
            seen[one.step] = weight[0].item()
        return weight.sum() * (1 if one.step < 2 else -1)

    train(Objective(run.autoencoder, {"pull": (pull, 1.0)}, begin=begin), x, epochs=2, learning_rate=0.25)
    assert seen[2] == 5 and seen[3] == pytest.approx(5.25)  # the first step of Adam; old moments pull back


@pytest.mark.parametrize("optimizer", ["adam", "adamax"])
def test_the_rate_decays_by_step(optimizer):
    run, x = tiny("ae", "grey")
    weight = run.autoencoder.encoder.head.mean.bias
    steps = []

    def pull(one):
        steps.append(weight.detach().clone())
        return weight.sum()

    objective = Objective(run.autoencoder, {"pull": (pull, 1.0)})
    train(objective, x, epochs=2, optimizer=optimizer, decay=0.5, learning_rate=0.25, patience=9)
    moved = [(a - b)[0].item() for a, b in zip(steps[:2], steps[1:3], strict=True)]
    assert moved == pytest.approx([0.25, 0.125], rel=1e-5)  # a constant gradient: both move by the rate


def test_views_are_drawn_in_training_and_fixed_where_codes_are_made():
    x = torch.arange(256, dtype=torch.uint8).expand(2000, 1, 1, 256)
    torch.manual_seed(0)
    levels = binarised(x, torch.rand(x.shape))
    assert set(levels.unique().tolist()) == {0, 255} and levels.dtype == torch.uint8
    np.testing.assert_allclose(levels.float().mean(0).ravel() / 255, np.arange(256) / 255, atol=0.06)
    assert torch.equal(binarised(x, 0.5), torch.where(x >= 128, 255, 0).to(torch.uint8))
    noisy = dequantised(x, torch.rand(x.shape)) / 255
    assert ((noisy * 256).floor() == x).all() and noisy.max() < 1
    torch.testing.assert_close(dequantised(x[0], 0.5) / 255, (x[0] + 0.5) / 256)


def viewed(view, likelihood):
    recipe = table("vae", "grey")
    recipe["data"], recipe["objective"] = (
        {"name": "none", "view": view},
        {"variant": "vae", "likelihood": likelihood},
    )
    return Recipe.model_validate(recipe)


def test_encoder_and_likelihood_share_the_view_of_a_batch():
    run, x = tiny("vae", "grey")
    recipe = viewed("binarised", "bernoulli")
    torch.manual_seed(0)
    model = make_autoencoder(recipe, run.codec)
    seen = []
    model.encoder.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    objective = Objective(
        model, {"nll": (nll, 1.0), "see": (lambda one: seen.append(one.x) or one.z.sum(), 1.0)}
    )
    objective(x)
    assert seen[0] is seen[1] and set(seen[0].unique().tolist()) == {0, 255}
    objective(x)
    assert not torch.equal(seen[0], seen[2])
    plain = Model(replace(run, recipe=recipe, autoencoder=model))
    np.testing.assert_array_equal(
        plain.codes(x.numpy()), plain.codes((x.numpy() >= 128).astype(np.uint8) * 255)
    )


def test_a_view_that_does_not_fit_is_refused():
    run, _ = tiny("vae", "grey")
    with pytest.raises(RecipeError, match="dequantised needs a likelihood that is a density"):
        make_autoencoder(viewed("dequantised", "logistic_mixture"), run.codec)
    words, _ = tiny("vae", "sequential")
    recipe = words.recipe.model_copy(
        update={"data": words.recipe.data.model_copy(update={"view": "binarised"})}
    )
    with pytest.raises(RecipeError, match="data.view binarised is of images; these are none"):
        make_autoencoder(recipe, words.codec)


def test_rungs_sum_to_the_latent():
    run, _ = tiny("vae", "grey")
    recipe = table("vae", "grey")
    recipe["encoder"] = {**recipe["encoder"], "rungs": [1, 1]}
    with pytest.raises(RecipeError, match=r"encoder.rungs \[1, 1\] sum to 2; expected encoder.latent, 3"):
        make_autoencoder(Recipe.model_validate(recipe), run.codec)


def test_a_prior_with_weights_starts_anew_where_the_file_has_none(tmp_path):
    class Learned(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(3))

    run, _ = tiny("vae", "grey")
    (tmp_path / "w").write_bytes(pack_weights(run.autoencoder.state_dict(), {}))
    plain = run.autoencoder
    anew = warm_start(Autoencoder(plain.encoder, plain.decoder, Learned()), tmp_path / "w")
    assert anew == ["prior.scale"]


def test_a_wrapped_net_is_made_of_the_recipes_own(monkeypatch):
    class Twice(torch.nn.Module):
        def __init__(self, make_net, *, apart: float = 1.0):
            super().__init__()
            self.first, self.second, self.apart = make_net(), make_net(), apart
            self.outputs = self.first.outputs

        def forward(self, x):
            return self.first(x) + self.apart * self.second(x)

    monkeypatch.setitem(
        globals(), "VARIANT", Variant({**LIKELIHOOD, "kl": (kl, 1.0)}, "gaussian", "standard", wrap=Twice)
    )
    monkeypatch.setitem(VARIANTS, "twice", f"{__name__}:VARIANT")
    recipe = table("twice", "grey")
    recipe["encoder"] = {**recipe["encoder"], "apart": 2.0}
    model = make_autoencoder(Recipe.model_validate(recipe), tiny("vae", "grey")[0].codec)
    assert model.encoder.net.apart == 2
    names = [name for name, _ in model.encoder.net.named_children()]
    assert names == ["first", "second"]


def test_the_divergence_is_the_sum_of_its_dimensions():
    torch.manual_seed(0)
    q, p, z = (
        Gaussian(torch.randn(5, 3), torch.randn(5, 3)),
        StandardNormal(torch.zeros(3)),
        torch.randn(5, 3),
    )
    parts = by_dimension(q, p, z)
    assert parts.shape == (5, 3) and (parts >= 0).all()
    torch.testing.assert_close(parts.sum(-1), divergence(q, p, z))


def test_the_best_weights_are_those_since_some_were_set():
    run, x = tiny("ae", "grey")
    weight = run.autoencoder.encoder.head.mean.bias

    def begin(model, epoch, epochs, rows):
        if epoch == 2:
            weight.fill_(5.0)

    train(
        Objective(run.autoencoder, {"far": (lambda one: weight.square().sum(), 1.0)}, begin=begin),
        x,
        epochs=4,
    )
    assert 0 < weight.min() < 5  # before the third epoch they were nearer to 0


@pytest.mark.parametrize(("tau", "best"), [(None, 2), (1, 2), (3, 4), (4, 6), (1000, 8)])
def test_no_epoch_counts_while_a_weight_is_warmed_up(tau, best):
    run, x = tiny("ae", "grey")
    growing = {
        "steps": (lambda one: one.z.sum(-1) * 0 + one.step, 1.0)
    }  # in validation, after 2 steps an epoch
    records = train(Objective(run.autoencoder, growing, warm_up={"steps": tau} if tau else None), x, epochs=4)
    assert [record["valid_loss"] for record in records] == [2, 4, 6, 8] and records[-1]["best"] == best


@pytest.mark.parametrize(("clip", "advice"), [(None, "set training.clip"), (1.0, "lower training.clip")])
def test_a_gradient_that_is_not_finite_is_divergence(clip, advice):
    run, x = tiny("ae", "grey")
    weight = run.autoencoder.encoder.head.mean.bias
    objective = Objective(run.autoencoder, {"steep": (lambda one: ((weight + 1) * 1e30).square().sum(), 1.0)})
    with pytest.raises(DataError, match=f"diverged in epoch 1 .*{advice}"):
        train(objective, x, epochs=2, clip=clip)


@pytest.mark.parametrize(
    "wrong", [{"clip": 0}, {"clip": -1}, {"factor": 0}, {"factor": 2}, {"patience": -1}, {"floor": -1}]
)
def test_settings_have_ranges(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(epochs=1, batch=1, **wrong)


@pytest.mark.parametrize(
    ("variant", "kind", "change", "message"),
    [
        (
            "mutual",
            "grey",
            {"encoder": {"noise": 0.01}},
            "encoder.noise 0.01; the divergence from a prior that is learned",
        ),
        (
            "vlac",
            "grey",
            {"encoder": {"noise": 0.5}},
            "encoder.noise 0.5; the divergence from a prior that is learned",
        ),
        (
            "vae",
            "grey",
            {"encoder": {"rungs": [1, 2]}},
            "2 rungs on a net without levels; leave encoder.rungs out",
        ),
        ("ladder", "grey", {"encoder": {"sigma": "sigmoid", "bound": 2.0}}, "bound is of exponentials"),
    ],
)
def test_settings_without_sense_are_refused(variant, kind, change, message):
    sections = table(variant, kind)
    for part, settings in change.items():
        sections[part] = {**sections[part], **settings}
    recipe = Recipe.model_validate(sections)
    with pytest.raises(RecipeError, match=message):
        make_autoencoder(recipe, make_codec(recipe, None))
