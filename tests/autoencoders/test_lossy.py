"""The lossy autoencoder: what codes keep under a window, soft free bits, and what has no window.

Of the facts of section 5f, 1, 3 and 6 are tested in `test_mutual.py`, whose flow and free bits it shares, 2 in
`nets/test_local.py`, 5 in `model/test_coding.py`.
"""

import math

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from tiny import KINDS, table, tiny
from torch import nn

from grammar_rae.autoencoders.autoencoder import Autoencoder
from grammar_rae.autoencoders.decoders import LocalDecoder
from grammar_rae.autoencoders.encoders import Encoder, Intensities
from grammar_rae.autoencoders.heads import GaussianHead
from grammar_rae.autoencoders.objective import Objective
from grammar_rae.autoencoders.terms import Pass, kl, nll
from grammar_rae.autoencoders.variants.lossy import SoftFreeBits
from grammar_rae.distributions.mixtures import MixtureDistribution
from grammar_rae.distributions.pixels import BERNOULLI
from grammar_rae.errors import RecipeError
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.model.latent import between
from grammar_rae.model.model import Model
from grammar_rae.nets.dense import DenseReader, DenseWriter
from grammar_rae.recipes.build import make_autoencoder, make_codec, make_objective
from grammar_rae.recipes.schema import Recipe
from grammar_rae.runs.folder import Run
from grammar_rae.training.batches import Data
from grammar_rae.training.loop import fit
from grammar_rae.training.settings import Settings


class TwoModes(nn.Module):
    """A prior that can hold a bit: two Gaussians, learned."""

    def __init__(self, latent):
        super().__init__()
        self.means = nn.Parameter(torch.randn(2, latent))
        self.log_scales = nn.Parameter(torch.zeros(2, latent))

    def forward(self):
        return MixtureDistribution(torch.full((2,), 0.5), self.means, torch.diag_embed(self.log_scales.exp()))


SIDE = 4


def copied(n, generator):
    """Rows that begin at random; a bit of the image says whether each pixel is its left neighbour or the opposite."""
    begin = torch.randint(0, 2, (n, SIDE, 1), generator=generator)
    bit = torch.randint(0, 2, (n, 1, 1), generator=generator)
    return ((begin + bit * torch.arange(SIDE)) % 2 * 255).to(torch.uint8)[:, None]


def kept(window):
    """(nll, KL) in nats of a lossy autoencoder of that window, trained on `copied`."""
    torch.manual_seed(0)
    generator, latent = torch.Generator().manual_seed(1), 6
    encoder = Encoder(Intensities(), DenseReader(1, SIDE, widths=[32]), GaussianHead(32, latent))
    decoder = LocalDecoder(
        lambda planes: DenseWriter(latent, planes, SIDE, widths=[32]), BERNOULLI, 1, SIDE, 1,
        window=window, maps=16, layers=2, blocks=1,
    )  # fmt: skip
    model = Autoencoder(encoder, decoder, TwoModes(latent))
    objective = Objective(model, {"nll": (nll, 1.0), "kl": (kl, 1.0)})
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for step in range(500):
        optimizer.zero_grad()
        sum(term.mean() for term in objective(copied(64, generator), step).values()).backward()
        optimizer.step()
    with torch.no_grad():
        terms = objective(copied(4000, generator), 500)
    return terms["nll"].mean().item(), terms["kl"].mean().item()


def test_the_window_says_what_the_code_keeps():
    """Fact 4: a global bit and local copying. All of the image under no window; the bit, ln 2, where the window shows
    what is copied but not by which rule; nothing where the decoder sees every pixel before.
    """
    everything = (SIDE + 1) * math.log(2)  # nats in an image
    factorised, neighbour, full = (kept(window) for window in ([0, 0], [2, 0], "full"))
    assert factorised[1] > 0.8 * everything and factorised[0] < 0.5 * everything
    assert neighbour[1] == pytest.approx(math.log(2), abs=0.2)
    assert neighbour[0] == pytest.approx(SIDE * math.log(2), abs=0.2)
    assert full[1] < 0.1 and full[0] == pytest.approx(everything, abs=0.1)


def one_pass(training=True):
    """A pass over the tiny model."""
    run, x = tiny("lossy", "grey")
    torch.manual_seed(3)
    return Pass(run.autoencoder, x, 0, training)


def test_soft_free_bits_follow_the_divergence():
    run = one_pass()
    divergence = kl(run).mean().item()
    term = SoftFreeBits(target=2 * divergence)
    torch.testing.assert_close(term(run), kl(run))
    assert term.gamma.item() == pytest.approx(0.9)  # below the target
    torch.testing.assert_close(term(run), 0.9 * kl(run))
    assert term.gamma.item() == pytest.approx(0.81)
    term.target = divergence / 1.04
    term(run)
    assert term.gamma.item() == pytest.approx(0.81)  # within the slack
    term.target = divergence / 1.06
    term(run)
    assert term.gamma.item() == pytest.approx(0.891)
    for _ in range(5):
        term(run)
    assert term.gamma.item() == 1
    before = term.gamma.clone()
    judged = one_pass(training=False)
    term.target = 1e6
    torch.testing.assert_close(term(judged), kl(judged))
    assert torch.equal(term.gamma, before)


def trained(folder=None, resume=False, stop=None):
    sections = table("lossy", "grey")
    sections["objective"] |= {"weights": {"kl": 0.0, "soft_kl": 1.0}, "target": 3.0}
    recipe = Recipe.model_validate(sections)
    codec = make_codec(recipe, None)
    torch.manual_seed(0)
    objective = make_objective(recipe, make_autoencoder(recipe, codec))
    _, x = tiny("lossy", "grey")
    how = Settings(epochs=4, batch=2, learning_rate=0.01, patience=0)
    records = []
    for record in fit(objective, Data(x[:6], x[6:]), how, Fabric(accelerator="cpu"), folder, resume):
        records.append({k: v for k, v in record.items() if k != "seconds"})
        if len(records) == stop:
            break
    return records, objective


def test_the_weight_of_soft_free_bits_goes_on_with_a_killed_run(tmp_path):
    records, whole = trained()
    assert "stateful.soft_kl.gamma" in whole.state_dict()
    trained(tmp_path, stop=2)
    rest, resumed = trained(tmp_path, resume=True)
    assert rest == records[2:]
    assert all(torch.equal(value, resumed.state_dict()[name]) for name, value in whole.state_dict().items())


@pytest.mark.parametrize("kind", [*KINDS, "grey"])
def test_what_has_no_window_is_refused_with_the_reason(kind):
    sections = table("vae", kind) | {"prior": {"steps": 2, "widths": [6]}}
    sections["objective"] = {**sections["objective"], "variant": "lossy"}
    reason = f"of {'images' if kind == 'grey' else 'strings'}"
    with pytest.raises(
        RecipeError, match=f"a window of the pixels before each: .*; this recipe has .*, {reason}"
    ):
        recipe = Recipe.model_validate(sections)
        make_autoencoder(recipe, make_codec(recipe, Grammar.read("equation")))


@pytest.mark.parametrize(("window", "drawn"), [([0, 0], False), ([3, 1], True), ("full", True)])
def test_images_whose_pixels_see_others_are_decoded_by_draws(window, drawn):
    sections = table("lossy", "grey")
    sections["decoder"] = {**sections["decoder"], "window": window}
    sections["density"] = {"temperature": 0.7}
    recipe = Recipe.model_validate(sections)
    codec = make_codec(recipe, None)
    torch.manual_seed(0)
    model = Model(Run(recipe, None, codec, make_autoencoder(recipe, codec)))
    codes = np.random.default_rng(0).standard_normal((2, model.latent)).astype(np.float32)
    own, likeliest, draw = (
        model.decode(codes),
        model.decode(codes, temperature=0.0),
        model.decode(codes, temperature=0.7),
    )
    assert np.array_equal(own, draw if drawn else likeliest) and not np.array_equal(draw, likeliest)
    path = model.interpolate(*own, steps=3)
    assert np.array_equal(path, model.decode(between(*model.encode(own), 3)))
