"""The papers' networks have the papers' sizes, and the two forms of a step net agree."""

import pytest
import torch

from grammar_rae.grammar.grammar import Grammar
from grammar_rae.nets.autoregressive import RecurrentStep
from grammar_rae.nets.sequences import GRU
from grammar_rae.recipes import find
from grammar_rae.recipes.build import make_autoencoder, make_codec

COUNTS = {
    "gvae-zinc": 5_044_056,
    "cvae-zinc": 4_337_203,
    "gvae-equations": 169_271,
    "cvae-equations": 171_186,
}


def built(name):
    recipe = find(name)
    codec = make_codec(recipe, Grammar.read(recipe.codec.grammar))
    torch.manual_seed(0)
    return recipe, codec, make_autoencoder(recipe, codec)


@pytest.mark.parametrize("name", COUNTS)
def test_parameter_counts_of_the_published_networks(name):
    _, _, model = built(name)
    running = sum(
        b.numel() for key, b in model.named_buffers() if key.endswith(("running_mean", "running_var"))
    )
    assert sum(p.numel() for p in model.parameters()) + running == COUNTS[name]


@pytest.mark.parametrize(
    ("name", "length"), [("gvae-zinc", 251), ("cvae-zinc", 94), ("gvae-equations", 9), ("cvae-equations", 13)]
)
def test_convolutions_leave_the_published_lengths(name, length):
    recipe, codec, model = built(name)
    x = torch.zeros(3, codec.steps, dtype=torch.long)
    one_hot = torch.nn.functional.one_hot(model.encoder.inputs.column[x], model.encoder.net.columns).float()
    assert model.encoder.net.convolutions(one_hot.transpose(1, 2)).shape == (
        3,
        recipe.encoder.filters[-1],
        length,
    )


def test_gru_is_keras_ones():
    torch.manual_seed(0)
    layer, x = GRU(5, 7).double(), torch.randn(4, 3, 5).double()
    torch.nn.init.normal_(layer.bias)
    kernel = dict(zip("zrh", layer.kernel.split(7, 1), strict=True))
    bias = dict(zip("zrh", layer.bias.split(7), strict=True))
    recurrent = dict(zip("zrh", [*layer.gates.split(7, 1), layer.candidate], strict=True))
    state = torch.zeros(3, 7).double()
    for t, seen in enumerate(x):
        gates = {g: seen @ kernel[g] + state @ recurrent[g] + bias[g] for g in "zr"}
        z, r = ((0.2 * gates[g] + 0.5).clamp(0, 1) for g in "zr")
        state = z * state + (1 - z) * (seen @ kernel["h"] + (r * state) @ recurrent["h"] + bias["h"]).tanh()
        torch.testing.assert_close(layer(x, 4)[t], state)


def test_gru_on_repeated_input():
    torch.manual_seed(0)
    layer, x = GRU(5, 7), torch.randn(3, 5)
    torch.testing.assert_close(layer(x, 4), layer(x.expand(4, 3, 5), 4))


def test_a_step_net_in_one_pass_and_step_by_step():
    torch.manual_seed(0)
    net = RecurrentStep(latent=3, columns=6, features=4, embedding=8, hidden=10).double()
    z, columns, features = (
        torch.randn(5, 3).double(),
        torch.randint(0, 7, (5, 9)),
        torch.randn(5, 9, 4).double(),
    )
    h, stepped = net.start(z), []
    for t in range(9):
        logits, h = net.step(z, h, columns[:, t], features[:, t], t)
        stepped.append(logits)
    torch.testing.assert_close(net.all(z, columns, features), torch.stack(stepped, 1))
