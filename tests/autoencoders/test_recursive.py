"""The recursive mixture against the facts that its derivation states, and the phases of its training."""

import math

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from tiny import tiny
from torch import nn

from grammar_rae.autoencoders.autoencoder import Autoencoder
from grammar_rae.autoencoders.heads import recursive_log_weights
from grammar_rae.autoencoders.objective import Objective
from grammar_rae.autoencoders.priors import Standard
from grammar_rae.autoencoders.terms import Pass, nll
from grammar_rae.autoencoders.variants.recursive import RECURSIVE, RecursiveBound, phases
from grammar_rae.distributions.divergence import divergence
from grammar_rae.distributions.posteriors import Gaussian, Mixture
from grammar_rae.errors import RecipeError
from grammar_rae.model.model import Model
from grammar_rae.recipes.build import make_autoencoder, make_objective
from grammar_rae.training.batches import Data
from grammar_rae.training.loop import fit
from grammar_rae.training.settings import Settings

GRID = torch.linspace(-8, 8, 4001, dtype=torch.float64)[:, None, None]  # (Z, 1, 1) codes


def two_hills(z):
    """log p(x | z) under which the posterior has two hills, at about −2 and 2."""
    hills = torch.stack([-((z - top) ** 2) / 0.1 for top in (-2.2, 2.2)])
    return hills.logsumexp(0).sum(-1)


class Table(nn.Module):
    """A posterior of free parameters, the same for every row."""

    def __init__(self, means, scale=0.3, shares=()):
        super().__init__()
        self.means = nn.Parameter(torch.tensor(means).double())
        self.log_var = nn.Parameter(torch.full((len(means),), 2 * torch.tensor(scale).log().item()).double())
        self.shares = nn.Parameter(torch.as_tensor(shares).logit())

    def forward(self, x):
        logits = self.shares[:, None].expand(-1, len(x))
        mean, log_var = (v[:, None, None].expand(-1, len(x), 1) for v in (self.means, self.log_var))
        parts = [Gaussian(*part) for part in zip(mean, log_var, strict=True)]
        return Mixture(recursive_log_weights(logits), parts)


def toy(means, shares, scale=0.3, **settings):
    """The objective on that posterior."""
    model = Autoencoder(
        Table(means, scale, torch.tensor(shares).double()), nn.Identity(), Standard(1).double()
    )
    term = RecursiveBound(lambda run: -two_hills(run.z), **settings)
    return Objective(model, {"bound": (term, 1.0)})


def exact(q):
    """L(q) by quadrature, of a posterior of one row."""
    log_joint = two_hills(GRID) + Standard(1).double()().log_prob(GRID)
    return torch.trapezoid(q.log_prob(GRID).exp() * (log_joint - q.log_prob(GRID)), GRID[:, 0], dim=0)


def test_5b_1_a_component_ascends_the_slope_of_the_bound():
    """Fact 1: d/de L((1 − e) Q + e q) at 0 is L(q) + KL(q ‖ Q) − L(Q), and the term's phase is the first two."""
    objective = toy([2.0, 1.2], [1e-5], most_divergence=1e6)
    rows = torch.zeros(200_000, 1)
    torch.manual_seed(0)
    ascended = -objective(rows, 1)["bound"].mean()
    q = objective.model.encoder(rows[:1])
    alone = exact(q.first(1))
    slope = (exact(q) - alone) / 1e-5
    torch.testing.assert_close((ascended - alone.squeeze()), slope.squeeze(), rtol=0.01, atol=0.01)


def test_5b_2_without_shares_the_bound_is_that_of_a_vae():
    """Fact 2: e_m = 0 for all m > 0 reproduces the bound of a VAE with the first component."""
    run, x = tiny("recursive", "sequential")
    for share in run.autoencoder.encoder.head.shares:
        nn.init.constant_(share.bias, -1e4)
    objective = make_objective(run.recipe, run.autoencoder).eval()
    with torch.no_grad():
        torch.manual_seed(0)
        found = objective(x)["bound"]
        q = run.autoencoder.posterior(x)
        torch.manual_seed(0)
        z = q.components.rsample()[0]
        vae = nll(Pass(run.autoencoder, x, draw=z)) + q.parts[0].log_prob(z) - Standard(3)().log_prob(z)
    torch.testing.assert_close(found, vae)


@pytest.mark.parametrize("means", [[2.0, -1.7], [0.5, -2.5], [2.0, 1.9]])
def test_5b_3_5_the_bound_is_concave_in_a_share_and_its_ascent_finds_the_top(means):
    """Facts 3 and 5: L(Q) is concave in e, no lower at its top than at e = 0, and the weights' phase climbs there."""
    shares = torch.linspace(0, 1, 101).double()
    bounds = []
    for share in shares:
        table = Table(means, shares=torch.tensor([share.clamp(1e-12, 1 - 1e-12)]).double())
        bounds.append(exact(table(torch.zeros(1, 1))).item())
    bounds = torch.tensor(bounds)
    assert (bounds[2:] - 2 * bounds[1:-1] + bounds[:-2] < 1e-6).all()
    assert bounds.max() >= bounds[0]
    objective = toy(means, [0.5])
    optimizer = torch.optim.Adam([objective.model.encoder.shares], 0.1)
    torch.manual_seed(0)
    for _ in range(300):
        optimizer.zero_grad()
        objective(torch.zeros(500, 1), 2)["bound"].mean().backward()
        optimizer.step()
    assert objective.model.encoder.shares.sigmoid().item() == pytest.approx(
        shares[bounds.argmax()].item(), abs=0.04
    )


def test_5b_4_equal_components_are_one():
    """Fact 4: with identical components the bound of the mixture is that of one."""
    q = Table([1.0, 1.0, 1.0], shares=torch.tensor([0.3, 0.6]).double())(torch.zeros(1, 1))
    torch.testing.assert_close(exact(q), exact(q.first(1)))
    objective = toy([1.0, 1.0, 1.0], [0.3, 0.6]).eval()
    torch.manual_seed(0)
    found = -objective(torch.zeros(100_000, 1))["bound"].mean()
    torch.testing.assert_close(found, exact(q.first(1)).squeeze(), atol=0.05, rtol=0)


@pytest.mark.parametrize("simultaneous", [False, True])
def test_5b_6_the_second_component_settles_on_the_other_hill(simultaneous):
    """Fact 6: on a posterior of two hills the second component takes the one that is left, and the bound rises."""
    objective = toy([1.0, 0.0], [0.5], scale=1.0, most_divergence=20.0, simultaneous=simultaneous)
    steps = 1 if simultaneous else 4
    optimizer = torch.optim.Adam(objective.parameters(), 0.02)
    torch.manual_seed(0)
    for step in range(800 * steps):
        loss = objective(torch.zeros(50, 1), step)["bound"].mean()
        if loss.requires_grad:  # the decoder has nothing to learn here
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    q = objective.model.encoder(torch.zeros(1, 1))
    first, second = q.components.mean.flatten().tolist()
    assert first == pytest.approx(2.1, abs=0.1) and second == pytest.approx(-2.1, abs=0.1)
    gain = exact(q).item() - exact(q.first(1)).item()
    assert 0.5 < gain < math.log(2)  # the most that a second hill can give


def test_shares_make_weights_as_the_recursion_says():
    torch.manual_seed(0)
    shares = torch.rand(3, 5)
    weights = recursive_log_weights(shares.logit()).exp()
    by_hand = torch.ones(1, 5)
    for share in shares:
        by_hand = torch.cat([by_hand * (1 - share), share[None]])
    torch.testing.assert_close(weights, by_hand)
    run, x = tiny("recursive", "parallel")
    q = run.autoencoder.posterior(x)
    torch.testing.assert_close(q.log_weights.exp(), torch.full_like(q.log_weights, 1 / len(q.log_weights)))


OWN = {
    0: ("encoder.net.nets.0.", "encoder.head.components.0.", "decoder."),
    1: ("encoder.net.nets.1.", "encoder.head.components.1."),
    2: ("encoder.net.nets.2.", "encoder.head.components.2."),
    3: ("encoder.head.shares.",),
    4: ("decoder.",),
}


@pytest.mark.parametrize("kind", ["sequential", "grey"])
@pytest.mark.parametrize("phase", OWN)
def test_each_phase_moves_its_own_parameters_alone(kind, phase):
    run, x = tiny("recursive", kind)
    objective = make_objective(run.recipe, run.autoencoder)
    assert objective.phases == len(OWN)
    objective(x, 5 * 7 + phase)["bound"].mean().backward()
    moved = {name for name, p in run.autoencoder.named_parameters() if p.grad is not None}
    assert moved == {n for n, _ in run.autoencoder.named_parameters() if n.startswith(OWN[phase])}


def test_the_simultaneous_step_has_the_gradients_of_all_phases(monkeypatch):
    monkeypatch.setattr(torch, "randn", lambda *shape, **how: torch.full(shape, 0.7, **how))
    run, x = tiny("recursive", "sequential")
    for share in run.autoencoder.encoder.head.shares:
        nn.init.normal_(share.weight)
    gradients, values = [], []
    for simultaneous in (False, True):
        part = run.recipe.objective.model_copy(update={"simultaneous": simultaneous})
        objective = make_objective(run.recipe.model_copy(update={"objective": part}), run.autoencoder)
        objective.zero_grad()
        losses = [objective(x, step)["bound"] for step in range(objective.phases)]
        torch.stack(losses).sum(0).mean().backward()
        gradients.append([p.grad.clone() for p in run.autoencoder.parameters()])
        values.append(torch.stack(losses).sum(0))
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    assert objective.phases == 1
    alternating, together = values
    bound = (alternating - together).mean()  # which two phases ascend, and the sum holds once
    objective.eval()
    torch.testing.assert_close(bound, objective(x)["bound"].mean(), rtol=1e-4, atol=1e-4)


def test_the_divergence_counts_up_to_its_bound():
    objective = toy([2.0, -6.0], [0.5], most_divergence=3.0)
    q = objective.model.encoder(torch.zeros(1, 1))
    objective(torch.zeros(1000, 1), 1)["bound"].mean().backward()
    bounded = objective.model.encoder.means.grad[1].item()
    own = q.parts[1]
    code = own.mean.detach().requires_grad_()
    value = two_hills(code) - divergence(Gaussian(code, own.log_var.detach()), Standard(1).double()(), code)
    (slope,) = torch.autograd.grad(value.sum(), code)
    assert bounded == pytest.approx(-slope.item(), rel=0.05)
    far = toy([2.0, -6.0], [0.5], most_divergence=1e6)
    far(torch.zeros(1000, 1), 1)["bound"].mean().backward()
    assert far.model.encoder.means.grad[1].item() > 0  # the divergence alone drives it away for ever


def test_validation_is_the_negative_bound_and_inference_one_pass():
    run, x = tiny("recursive", "sequential")
    objective = make_objective(run.recipe, run.autoencoder).eval()
    model, rows = Model(run), x[:20]
    with torch.no_grad():
        torch.manual_seed(0)
        stratified = torch.stack([objective(rows)["bound"] for _ in range(300)]).mean(0)
    texts = run.codec.decode(rows.numpy())
    plain = np.mean([model.log_likelihood(texts, draws=1, seed=seed) for seed in range(300)])
    assert stratified.mean().item() == pytest.approx(-plain, abs=0.05)
    calls = []
    for name, module in run.autoencoder.named_modules():
        module.register_forward_hook(lambda *_, name=name: calls.append(name))
    model.encode(texts)
    nets = [f"encoder.net.nets.{m}" for m in range(3)]
    assert all(calls.count(name) == 1 for name in [*nets, "encoder.net", "encoder.head"])
    assert not any(name.startswith("decoder") for name in calls)


@pytest.mark.parametrize("simultaneous", [False, True])
def test_a_killed_run_goes_on_to_the_same_bits(tmp_path, simultaneous):
    def fitted(folder=None, resume=False, stop=None):
        run, x = tiny("recursive", "parallel")
        part = run.recipe.objective.model_copy(update={"simultaneous": simultaneous})
        objective = make_objective(run.recipe.model_copy(update={"objective": part}), run.autoencoder)
        how = Settings(epochs=3, batch=25, learning_rate=0.01)
        training = fit(
            objective, Data(x[:80], x[80:]), how, Fabric(accelerator="cpu"), folder, resume,
            phases=objective.phases,
        )  # fmt: skip
        for number, _ in enumerate(training, 1):
            if number == stop:
                return None
        return {k: v.clone() for k, v in objective.state_dict().items()}

    whole = fitted()
    fitted(tmp_path, stop=1)
    resumed = fitted(tmp_path, resume=True)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_one_component_is_refused():
    run, _ = tiny("recursive", "sequential")
    encoder = run.recipe.encoder.model_copy(update={"components": 1})
    with pytest.raises(RecipeError, match="components: Input should be greater than or equal to 2, given 1"):
        make_autoencoder(run.recipe.model_copy(update={"encoder": encoder}), run.codec)


def test_steps_a_batch():
    run, _ = tiny("recursive", "grey")
    assert phases(run.autoencoder) == 5 and phases(run.autoencoder, simultaneous=True) == 1
    assert RECURSIVE.wrap is not None
