"""Facts of the variational ladder autoencoder (Zhao, Song, Ermon 2017) and of its networks."""

import math

import numpy as np
import pytest
import torch
from tiny import table, tiny

from grammar_rae.autoencoders.discrepancy import gaussian, mmd_squared
from grammar_rae.autoencoders.heads import LEAST_SIGMA, GaussianHead, RungHead
from grammar_rae.autoencoders.terms import Pass, kl, nll
from grammar_rae.autoencoders.variants.ladder import RungDiscrepancy
from grammar_rae.distributions.divergence import by_dimension
from grammar_rae.errors import DataError, RecipeError
from grammar_rae.experiments.rungs import varied_items, varied_lists
from grammar_rae.model import neighbours
from grammar_rae.model.model import Model
from grammar_rae.model.rungs import resampled
from grammar_rae.nets.dense_ladder import dense_ladder_reader, dense_ladder_writer
from grammar_rae.nets.image_ladder import image_ladder_reader, image_ladder_writer
from grammar_rae.nets.string_ladder import RecurrentLadder, strided_ladder_reader
from grammar_rae.recipes.build import make_autoencoder, make_codec, make_objective
from grammar_rae.recipes.schema import Recipe

RUNGS = (2, 2, 1)  # of the tiny ladders
KINDS = ["parallel", "sequential", "characters", "grey", "colour", "dense"]
SVHN = [[[64, 2], [64, 1]], [[128, 2], [128, 1]], [[256, 2], [256, 1]]]
CELEBA = [[[64, 2], [64, 1]], [[128, 2], [128, 1], [256, 2]], [[256, 1], [512, 2], [512, 1]]]


def with_parts(kind, **parts):
    """The tiny ladder of a kind, some sections of its recipe changed; its recipe and its autoencoder."""
    raw = table("ladder", kind)
    recipe = Recipe.model_validate({**raw, **{name: {**raw[name], **part} for name, part in parts.items()}})
    codec = make_codec(recipe, None)
    torch.manual_seed(0)
    return recipe, make_autoencoder(recipe, codec)


def test_fact_1_one_rung_is_an_ordinary_vae():
    recipe, ladder = with_parts("dense", encoder={"latent": 3, "rungs": [3]})
    raw = recipe.model_dump(exclude_none=True)
    raw["encoder"] |= {"net": "dense", "widths": [8]}
    raw["decoder"] |= {"net": "dense", "widths": [8]}
    raw["objective"]["variant"] = "vae"
    del raw["encoder"]["width"], raw["decoder"]["width"]
    plain = Recipe.model_validate(raw)
    vae = make_autoencoder(plain, make_codec(plain, None))
    theirs, ours = list(vae.parameters()), list(ladder.parameters())
    assert [p.shape for p in theirs] == [p.shape for p in ours]
    with torch.no_grad():
        for one, other in zip(theirs, ours, strict=True):
            one.copy_(other)
    x = tiny("ladder", "dense")[1]
    found = []
    for model, its in ((ladder, recipe), (vae, plain)):
        torch.manual_seed(1)
        found.append(make_objective(its, model)(x))
    assert found[0].keys() == found[1].keys() == {"nll", "kl"}
    for name, value in found[0].items():
        torch.testing.assert_close(value, found[1][name])


@pytest.mark.parametrize("kind", KINDS)
def test_fact_2_kl_is_a_sum_over_rungs_of_the_closed_form_each_at_least_0(kind):
    run, x = tiny("ladder", kind)
    one = Pass(run.autoencoder, x)
    q = one.q
    normal = torch.distributions.Normal(q.mean, (q.log_var / 2).exp())
    closed = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0))
    rungs = torch.stack([part.sum(1) for part in closed.split(RUNGS, 1)])
    assert (rungs >= 0).all()
    torch.testing.assert_close(kl(one), rungs.sum(0))
    torch.testing.assert_close(by_dimension(q, one.prior, one.z), closed)


@pytest.mark.parametrize("kind", KINDS)
def test_fact_3_rungs_are_independent_given_x(kind):
    """Whatever becomes of one rung's layers, the others' means and variances stay to the bit."""
    run, x = tiny("ladder", kind)
    encoder = run.autoencoder.encoder.eval()
    places = torch.arange(5).split(RUNGS)
    for rung, places_of in enumerate(places):
        before = encoder(x)
        with torch.no_grad():
            for module in (encoder.net.sides[rung], encoder.head.means[rung], encoder.head.spreads[rung]):
                for weight in module.parameters():
                    weight.add_(torch.randn_like(weight))
        after = encoder(x)
        others = torch.cat([other for other in places if other is not places_of])
        for name in ("mean", "log_var"):
            old, new = getattr(before, name), getattr(after, name)
            assert torch.equal(old[:, others], new[:, others])
            assert (old[:, places_of] != new[:, places_of]).all()


def test_fact_4_the_kl_weight_is_0_at_first_and_0_632_at_step_2000():
    recipe, model = with_parts("grey", objective={"warm_up": {"kl": 2000}})
    objective = make_objective(recipe, model)
    x = tiny("ladder", "grey")[1]
    torch.manual_seed(0)
    begun, later, full = (objective(x, step)["kl"].mean().item() for step in (0, 2000, 10**7))
    assert begun == 0
    assert later / full == pytest.approx(0.632, abs=1e-3)
    objective.eval()
    validated = objective(x, 0)["kl"].mean().item()
    assert validated > 0


@pytest.mark.parametrize("kind", ["grey", "colour", "dense"])
def test_fact_5_the_output_follows_the_top_rung_through_every_level(kind):
    """The Jacobian in the top rung is the product of the levels' own; cutting any level makes it 0."""
    net = tiny("ladder", kind)[0].autoencoder.decoder.net.eval()
    below, top = torch.randn(1, 4), torch.randn(1, 1)

    def path(top):
        """t_1 and all above it, from the top rung."""
        *codes, own = torch.cat([below, top], 1).split(RUNGS, 1)
        values = [net.descend[-1](own)]
        for level in (1, 0):
            values.append(net.descend[level](net.merges[level](values[-1], net.sides[level](codes[level]))))
        return values

    whole = torch.autograd.functional.jacobian(lambda top: net(torch.cat([below, top], 1)), top).flatten(1)
    assert whole.any()
    values = [value.detach() for value in path(top)]
    codes = below.split(RUNGS[:2], 1)
    product = torch.autograd.functional.jacobian(net.descend[-1], top).reshape(-1, 1)
    for level, above in ((1, values[0]), (0, values[1])):

        def step(t, level=level):
            return net.descend[level](net.merges[level](t, net.sides[level](codes[level])))

        own = torch.autograd.functional.jacobian(step, above)
        product = own.reshape(-1, above.numel()) @ product
    torch.testing.assert_close(product.flatten(), whole.flatten(), rtol=1e-4, atol=1e-6)
    for level in range(3):
        hook = net.descend[level].register_forward_hook(
            lambda module, given, out: torch.zeros_like(out) * out
        )
        cut = torch.autograd.functional.jacobian(lambda top: net(torch.cat([below, top], 1)), top)
        hook.remove()
        assert not cut.any()


@pytest.mark.parametrize("kind", KINDS)
def test_every_rung_reaches_the_items(kind):
    run, x = tiny("ladder", kind)
    z = torch.randn(len(x), 5, requires_grad=True)
    (slope,) = torch.autograd.grad(run.autoencoder.decoder(z).log_prob(x).sum(), z)
    assert (slope.abs().sum(0) > 0).all()


def test_the_published_sizes():
    """Of the codes' layers and of what is merged, for MNIST, SVHN and CelebA."""
    mnist = image_ladder_reader(1, 28, (2, 2, 2))
    assert mnist.parts == (7 * 7 * 128, 1024, 1024)
    assert image_ladder_writer((2, 2, 2), 1, 1, 28).merges[0].gate.shape == (1024,)
    svhn = image_ladder_reader(3, 32, (5, 5, 5, 10), convolutions=SVHN)
    assert svhn.parts == (16 * 16 * 64, 8 * 8 * 128, 4 * 4 * 256, 1024)
    celeba = image_ladder_writer((10,) * 4, 3, 3, 64, convolutions=CELEBA, merge="concatenated")
    assert [side(torch.randn(2, 10)).shape[1:] for side in celeba.sides] == [
        (64, 32, 32), (256, 8, 8), (1024,),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("size", "rungs", "convolutions"),
    [(28, (2, 2, 2), [[[4, 2], [6, 2]]]), (28, (3, 2), [[[4, 2]], [[6, 2]]]), (32, (4,), [[[4, 2], [6, 1]]])],
)
@pytest.mark.parametrize("merge", ["gated", "concatenated"])
def test_image_ladders_give_images_back_for_any_number_of_dense_levels(size, rungs, convolutions, merge):
    latent = sum(rungs)
    reader = image_ladder_reader(3, size, rungs, convolutions=convolutions, dense=8)
    writer = image_ladder_writer(rungs, 5, 3, size, convolutions=convolutions, dense=8, merge=merge)
    for batch in (1, 4):  # the last batch of an epoch may be one image
        assert reader(torch.randn(batch, 3, size, size)).shape == (batch, reader.outputs)
        assert writer(torch.randn(batch, latent)).shape == (batch, 5, size, size)
    assert len(reader.parts) == len(rungs)


def test_gates_begin_at_a_tenth_and_concatenation_has_none():
    gated = dense_ladder_writer((2, 2), 1, 8, width=6)
    joined = dense_ladder_writer((2, 2), 1, 8, width=6, merge="concatenated")
    assert torch.equal(gated.merges[0].gate, torch.full((6,), 0.1))
    assert not list(joined.merges.parameters())
    assert joined.descend[0][0][0].in_features == 12


def test_what_does_not_fit_is_refused_in_one_line():
    with pytest.raises(ValueError, match="stride 2 meets 7 pixels a side.*codec.size = 32"):
        image_ladder_reader(1, 28, (2, 2), convolutions=[[[4, 2], [4, 2], [4, 2]]])
    with pytest.raises(ValueError, match="stride 3 meets"):
        image_ladder_reader(1, 27, (2, 2), convolutions=[[[4, 3]]])
    with pytest.raises(ValueError, match="2 filters, 3 rungs"):
        strided_ladder_reader(5, 12, (1, 1, 1), hidden=4, filters=[4, 4])
    with pytest.raises(RecipeError, match="3 rungs on a net without levels.*dense_ladder"):
        with_parts("dense", encoder={"net": "dense", "widths": [8], "width": 8})


def test_sigma_is_the_published_sigmoid_where_the_recipe_says_so():
    reader = dense_ladder_reader(1, 4, (2, 1), width=5)
    h = 20 * torch.randn(6, reader.outputs)
    torch.manual_seed(0)
    head = RungHead(reader.outputs, reader, (2, 1), sigma="sigmoid")
    sigma = (head(h).log_var / 2).exp()
    parts = zip(head.spreads, h.split(reader.parts, 1), strict=True)
    raw = torch.cat([layer(part) for layer, part in parts], 1)
    torch.testing.assert_close(sigma, raw.sigmoid() + LEAST_SIGMA)
    bounded = RungHead(reader.outputs, reader, (2, 1), bound=5.0)(h).log_var / 2
    assert (bounded.abs() <= 5).all()
    alone = RungHead(4, torch.nn.Identity(), (3,))
    assert sum(p.numel() for p in alone.parameters()) == sum(
        p.numel() for p in GaussianHead(4, 3).parameters()
    )


def test_the_discrepancy_is_a_sum_over_rungs_under_the_published_kernel():
    a, b = torch.randn(2, 7, 3, dtype=torch.float64)
    expected = torch.stack([torch.stack([(-((x - y) ** 2).mean() / 3).exp() for y in b]) for x in a])
    torch.testing.assert_close(gaussian(a, b), expected)
    run, x = tiny("ladder", "grey")
    one = Pass(run.autoencoder, x)
    assert one.z.shape == (len(x), 5)
    torch.manual_seed(3)
    found = RungDiscrepancy(RUNGS)(one)
    torch.manual_seed(3)
    other = torch.randn_like(one.z)
    pairs = zip(one.z.split(RUNGS, 1), other.split(RUNGS, 1), strict=True)
    torch.testing.assert_close(found, sum(mmd_squared(a, b, gaussian) for a, b in pairs))


@pytest.mark.parametrize("kernel", ["gaussian", "inverse_multiquadric"])
def test_the_discrepancy_may_stand_in_for_the_kl(kernel):
    recipe, model = with_parts("grey", objective={"weights": {"kl": 0.0, "mmd": 100.0}, "kernel": kernel})
    objective = make_objective(recipe, model)
    x = tiny("ladder", "grey")[1]
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    losses = []
    for step in range(60):
        terms = objective(x, step)
        assert terms.keys() == {"nll", "mmd"}
        loss = torch.stack([term.mean() for term in terms.values()]).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) < sum(losses[:5])


def test_a_step_net_of_a_ladder_writes_as_it_is_taught():
    torch.manual_seed(0)
    net = RecurrentLadder((2, 1), 5, 3, hidden=8, path=6, embedding=4)
    z, columns, features = torch.randn(4, 3), torch.randint(0, 6, (4, 7)), torch.randn(4, 7, 3)
    whole, h = net.all(z, columns, features), net.start(z)
    for t in range(7):
        step, h = net.step(z, h, columns[:, t], features[:, t], t)
        torch.testing.assert_close(step, whole[:, t], rtol=1e-4, atol=1e-5)


def test_the_bound_of_the_paper_in_nats():
    """−ELBO of Laplace pixels is 8 times the summed absolute error, KL over rungs, and a constant."""
    recipe, model = with_parts("grey", objective={"likelihood": "laplace"})
    x = tiny("ladder", "grey")[1]
    one = Pass(model, x)
    error = (x / 255 - one.p.outputs(x)).abs().flatten(1).sum(1)
    pixels = x[0].numel()
    torch.testing.assert_close(nll(one) + kl(one), 8 * error + kl(one) - pixels * math.log(4))


@pytest.fixture
def ladder():
    """A tiny ladder of expressions with the density that distances are measured by, and some of its items."""
    run, x = tiny("ladder", "sequential")
    model = Model(run)
    model.fit_density("gaussian", model.codes(x.numpy()))
    return model, model.run.codec.decode(x.numpy())


def test_one_rung_is_drawn_anew_and_the_others_stay(ladder):
    model, items = ladder
    code, other = model.encode(items[:2])
    for rung, (first, last) in enumerate([(0, 2), (2, 4), (4, 5)], 1):
        z = resampled(model, code, rung, 6, seed=3)
        kept = np.r_[0:first, last:5]
        assert (z[:, kept] == code[kept]).all()
        assert (z[:, first:last] == model.sample_codes(6, "prior", 3)[:, first:last]).all()
        assert (resampled(model, other, rung, 6, seed=3)[:, first:last] == z[:, first:last]).all()


@pytest.mark.parametrize("kind", ["sequential", "characters", "grey"])
def test_rows_of_varied_items_begin_with_the_reconstruction(kind):
    run, x = tiny("ladder", kind)
    model = Model(run)
    codes = model.codes(x.numpy()[:2])
    found = varied_items(model, codes, 4, seed=1)
    assert [title.split(" drawn")[0] for title in found] == ["rung 3", "rung 2", "rung 1"]
    for rung, items in zip((3, 2, 1), found.values(), strict=True):
        assert len(items) == 8
        assert np.array_equal(np.asarray(items[::4]), np.asarray(model.decode(codes)))
        alone = model.decode(resampled(model, codes[1], rung, 3, seed=1))
        assert np.array_equal(np.asarray(items[5:]), np.asarray(alone))
    assert varied_items(Model(tiny("vae", kind)[0]), codes[:, :3], 4, seed=1) == {}


def test_lists_of_varied_strings_stand_under_their_reconstruction(ladder):
    model, items = ladder
    codes = model.encode(items[:3])
    lists = varied_lists(model, codes, 2, seed=1)
    assert len(lists) == 3
    for rung, by_item in zip((3, 2, 1), lists.values(), strict=True):
        for code in codes:
            (name,) = model.decode(code[None])
            assert len(by_item[name]) == 2
        last = model.decode(resampled(model, codes[2], rung, 2, seed=1))
        assert by_item[model.decode(codes[2:])[0]] == last


def test_neighbours_within_a_rung_move_that_part_of_the_code_alone(ladder, monkeypatch):
    model, items = ladder
    seen = []
    decode = neighbours.decoded_items
    monkeypatch.setattr(
        neighbours, "decoded_items", lambda model, z, **how: seen.append(z) or decode(model, z, **how)
    )
    found = model.neighbours(items[0], 5, radius=2, rung=2)
    moved = seen[0] - model.encode(items[:1])
    assert not moved[:, [0, 1, 4]].any() and (np.abs(moved[:, 2:4]).sum(1) > 0).all()
    factor = model.run.densities["gaussian"].density().factors[0].double().numpy()
    inverse, part = np.linalg.inv((factor @ factor.T)[2:4, 2:4]), moved[:, 2:4]
    distance = np.sqrt(((part @ inverse) * part).sum(1) / 2)
    np.testing.assert_allclose(distance, 2 * np.arange(1, len(moved) + 1) / len(moved), rtol=1e-3)
    assert (found["distance"].diff().dropna() > 0).all()
    with pytest.raises(DataError, match="rung 4: tiny has 3 rungs, 1 the lowest"):
        model.neighbours(items[0], rung=4)
    with pytest.raises(DataError, match="is no ladder"):
        plain = Model(tiny("vae", "sequential")[0])
        plain.fit_density("gaussian", np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32))
        plain.neighbours(items[0], rung=2)
