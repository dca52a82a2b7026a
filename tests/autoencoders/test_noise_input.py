"""A decoder that is told how noisy its code is."""

import pytest
import torch
from tiny import table, tiny

from grammar_rae.errors import DataError, RecipeError
from grammar_rae.nets.noise_input import FURTHER, NoiseInput
from grammar_rae.recipes.build import make_objective
from grammar_rae.recipes.parts import complete
from grammar_rae.recipes.schema import Recipe
from grammar_rae.runs.weights import pack_weights, warm_start

NETS = [  # every net of a decoder, and every reparametrisation of one
    ("rae", "parallel"),
    ("rae", "sequential"),
    ("rae", "characters"),
    ("rae", "grey"),
    ("rae_sn", "dense"),
    ("lossy", "grey"),
    ("ladder", "parallel"),
    ("ladder", "sequential"),
    ("ladder", "colour"),
    ("ladder", "dense"),
]


def started(variant, kind, folder):
    """A trained-looking model that is told of no noise, one that is and starts from its weights, rows, new names."""
    plain, x = tiny(variant, kind)
    with torch.no_grad():
        for weight in plain.autoencoder.parameters():
            weight += 0.1 * torch.randn_like(weight)
    (folder / "w").write_bytes(pack_weights(plain.autoencoder.state_dict(), {}))
    told, _ = tiny(variant, kind, told=True)
    anew = warm_start(told.autoencoder, folder / "w")
    return plain.autoencoder.eval(), told.autoencoder.eval(), x, anew


@pytest.mark.parametrize(("variant", "kind"), NETS)
def test_without_noise_it_begins_as_the_decoder_it_starts_from(variant, kind, tmp_path):
    plain, told, x, anew = started(variant, kind, tmp_path)
    z = torch.randn(len(x), plain.posterior(x).mean.shape[1])
    with torch.no_grad():
        torch.testing.assert_close(told.decoder(z).log_prob(x), plain.decoder(z).log_prob(x))
        assert torch.equal(told.decoder(z).mode(), plain.decoder(z).mode())
        noisy = told.decoder(z, sigma=0.5).log_prob(x)
        assert not torch.allclose(noisy, plain.decoder(z).log_prob(x))
    assert all(name.startswith("decoder.") for name in anew)
    assert {"decoder.noise_input.spread", "decoder.noise_input.batches"} < {*anew}


@pytest.mark.parametrize(("variant", "kind"), NETS)
def test_what_it_reads_beside_the_code_is_trained_from_zero(variant, kind, tmp_path):
    _, told, x, anew = started(variant, kind, tmp_path)
    recipe = Recipe.model_validate(table(variant, kind, told=True))
    terms = make_objective(recipe, told.train())(x)
    sum(term.mean() for term in terms.values()).backward()
    weights = dict(told.named_parameters())
    assert all(weights[name].grad[:, -FURTHER:].any() for name in anew if name in weights)
    assert not any(weights[name][:, -FURTHER:].any() for name in anew if name in weights)


def test_a_model_told_of_noise_goes_on_as_it_is_and_starts_no_other(tmp_path):
    told, _ = tiny("rae", "sequential", told=True)
    told.autoencoder.decoder.noise_input.spread.fill_(0.3)
    (tmp_path / "w").write_bytes(pack_weights(told.autoencoder.state_dict(), {}))
    again, _ = tiny("rae", "sequential", told=True)
    assert warm_start(again.autoencoder, tmp_path / "w") == []
    state = again.autoencoder.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in told.autoencoder.state_dict().items())
    plain, _ = tiny("rae", "sequential")
    with pytest.raises(
        DataError, match=r"decoder\.net\..* differs .*start from a model with the same networks"
    ):
        warm_start(plain.autoencoder, tmp_path / "w")


def test_noisy_codes_are_as_large_as_clean_ones_and_say_how_noisy_they_are():
    seen, z = NoiseInput(), 0.3 * torch.randn(20_000, 5)
    for part in z.split(1000):
        seen.follow(part)
    assert seen.spread.item() == pytest.approx(0.3, rel=0.01)
    told = []
    for sigma in (0.0, 0.1, 0.3, 1.0, 30.0):
        read = seen(z + sigma * torch.randn_like(z), sigma)
        assert read[:, :5].square().mean().sqrt().item() == pytest.approx(0.3, rel=0.02)
        told.append(read[0, 5].item())
    assert (
        told[0] == 0
        and told[2] == pytest.approx(0.5**0.5, abs=0.01)
        and told[4] == pytest.approx(1, abs=0.01)
    )
    assert told == sorted(told)
    assert torch.equal(seen(z), torch.cat([z, torch.zeros(len(z), FURTHER)], 1))
    each = torch.rand(len(z), 1)
    assert torch.equal(seen(z, each)[7:8], seen(z[7:8], each[7].item()))


def test_the_spread_follows_codes_that_move():
    seen = NoiseInput()
    for scale in [1.0] * 300 + [2.0] * 500:
        seen.follow(torch.full((4, 3), scale))
    assert seen.spread.item() == pytest.approx(2, rel=0.01)


@pytest.mark.parametrize("variant", ["rae", "rae_gp"])
def test_training_tells_the_noise_that_it_adds_and_validation_adds_none(variant):
    run, x = tiny(variant, "sequential", told=True)
    objective = make_objective(run.recipe, run.autoencoder)
    seen = []
    run.autoencoder.decoder.register_forward_pre_hook(
        lambda _, given, named: seen.append((given[0].detach(), named.get("sigma"))), with_kwargs=True
    )
    many = x[:1].repeat(20_000, 1)
    code = run.autoencoder.encoder(many).mean.detach()
    objective(many)
    z, sigma = seen.pop()
    assert ((z - code) / sigma).std().item() == pytest.approx(1, rel=0.02)
    shares = [(sigma <= 0.5 * u**3).float().mean().item() for u in (0.25, 0.5, 0.75, 1.0)]
    assert shares == pytest.approx([0.25, 0.5, 0.75, 1.0], abs=0.02)
    rms = code.square().mean().sqrt().item()
    assert run.autoencoder.decoder.noise_input.spread.item() == pytest.approx(rms, rel=1e-5)
    objective.eval()
    objective(many)
    assert torch.equal(seen[0][0], code) and seen[0][1] is None
    assert run.autoencoder.decoder.noise_input.batches == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"objective": {"variant": "rae"}}, "decoder.noise_input, but objective.code_noise is 0"),
        (
            {"density": {"noise": 0.4}, "decoder": {"net": "recurrent", "hidden": 3}},
            "density.noise 0.4 needs a",
        ),
        ({"density": {"noise": 0.6}}, "density.noise 0.6 is more than objective.code_noise, 0.5"),
    ],
)
def test_noise_that_the_decoder_does_not_know_of_is_refused(changes, words):
    recipe = Recipe.model_validate({**table("rae", "sequential", told=True), **changes})
    with pytest.raises(RecipeError, match=words):
        complete(recipe)
