"""Laws that hold for every variant of the catalogue, on tiny models of every kind of data."""

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from tiny import KINDS, PICTURES, supported, tiny

from grammar_rae.autoencoders.autoencoder import Autoencoder
from grammar_rae.autoencoders.objective import Objective
from grammar_rae.autoencoders.terms import feasible, kl, nll
from grammar_rae.catalogue import VARIANTS
from grammar_rae.distributions.posteriors import Gaussian
from grammar_rae.errors import DataError
from grammar_rae.model.model import Model
from grammar_rae.recipes.build import make_objective
from grammar_rae.runs.folder import Run, load, save
from grammar_rae.training.batches import Data
from grammar_rae.training.loop import fit
from grammar_rae.training.settings import Settings

CASES = [
    (variant, kind) for variant in VARIANTS for kind in [*KINDS, "grey", "dense"] if supported(variant, kind)
]
CASES += [
    (variant, kind)
    for variant in ("vae", "rae_gp", "lossy")
    for kind in PICTURES
    if kind not in ("grey", "dense")
]
CASES += [("ladder", "colour")]
CASES += [("laplace", "two-level")]
CASES = [(*case, False) for case in CASES]
CASES += [
    ("rae_sn", kind, True) for kind in [*KINDS, "grey"]
]  # whose decoder is told of noise: every decoder, net
CASES += [("ladder", kind, True) for kind in [*KINDS, "grey", "dense"]]
CASES += [("lossy", kind, True) for kind in ("grey", "dense")]
CASES += [("laplace", "dense", True), ("recursive", "parallel", True), ("rae_gp", "sequential", True)]


@pytest.mark.parametrize(("variant", "kind", "told"), CASES)
def test_laws(variant, kind, told, tmp_path):
    run, x = tiny(variant, kind, told)
    objective = make_objective(run.recipe, run.autoencoder)
    steps = range(objective.phases)
    terms = [term for step in steps for term in objective(x, step).values()]
    assert terms and all(term.isfinite().all() and term.shape in {(), (len(x),)} for term in terms)

    def loss(step=0):
        return torch.stack([term.mean() for term in objective(x, step).values()]).sum()

    for step in steps:
        loss(step).backward()
    still = [name for name, p in run.autoencoder.named_parameters() if p.grad is None or not p.grad.any()]
    assert not still

    optimizer = torch.optim.Adam(run.autoencoder.parameters(), 0.01)
    first = judged(objective, x)
    for step in range(50 * objective.phases):
        optimizer.zero_grad()
        loss(step).backward()
        optimizer.step()
    assert judged(objective, x) < first

    model = Model(run)
    z = model.codes(x.numpy())
    for name in ("gaussian", "gmm", "box"):
        model.fit_density(name, z, components=2) if name == "gmm" else model.fit_density(name, z)
    items = run.codec.decode(x[:3].numpy())
    if model.stochastic:
        assert np.isfinite(model.log_likelihood(items, 7, 0)).all()
    assert len(model.interpolate(items[0], items[1], 3)) == 3
    save(tmp_path / "run", run)
    again = Model(load(tmp_path / "run"))
    for density in ("prior", "gaussian", "gmm", "box"):
        how = {"density": density, "seed": 4, "noise": 0.3 if told else None}
        drawn = model.generate(13, **how)
        assert len(drawn) == 13
        assert np.array_equal(again.generate(13, **how), drawn)


def judged(objective, x):
    """The loss as validation sees it, its noise fixed, in training mode: of tiny nets batch norm knows nothing yet."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        return sum(term.mean().item() for term in objective(x, objective.phases * 1_000_000).values())


def settings(**changes):
    return Settings(**{"epochs": 4, "batch": 25, "learning_rate": 0.01, "patience": 0, **changes})


def fitted(folder=None, resume=False, stop=None, kind="sequential", variant="vae", **changes):
    run, x = tiny(variant, kind)
    part = len(x) * 8 // 10
    data = Data(x[:part], x[part:], getattr(run.codec, "pad", None))
    objective = make_objective(run.recipe, run.autoencoder)
    records = []
    how = settings(**changes)
    fabric = Fabric(accelerator="cpu")
    for record in fit(
        objective, data, how, fabric, folder, resume, begin=objective.begin, phases=objective.phases
    ):
        records.append({k: v for k, v in record.items() if k != "seconds"})
        if stop is not None and len(records) == stop:
            return records, None
    return records, {k: v.clone() for k, v in objective.state_dict().items()}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"schedule": "cosine", "by_length": True, "epoch_examples": 30},
        {"schedule": "trapezoid", "average": 0.9},
        {"kind": "grey", "batch": 4},
        *({"variant": variant} for variant in ("recursive", "ladder", "mutual")),
        {"variant": "vlac", "epochs": 8},  # the mixtures are fitted before the sixth
        *({"variant": variant, "kind": "dense", "batch": 4} for variant in ("laplace", "lossy", "recursive")),
    ],
)
def test_the_same_seed_repeats_and_a_killed_run_goes_on(tmp_path, changes):
    records, weights = fitted(**changes)
    assert fitted(**changes)[0] == records
    fitted(tmp_path, stop=2, **changes)
    rest, resumed = fitted(tmp_path, resume=True, **changes)
    assert rest == records[2:]
    assert all(torch.equal(weights[name], resumed[name]) for name in weights)
    assert fitted(seed=1, **changes)[0] != records


def test_training_leaves_the_callers_random_state_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    run, x = tiny("vae", "sequential")
    objective = make_objective(run.recipe, run.autoencoder)
    torch.manual_seed(3)
    for _ in fit(objective, Data(x[:80], x[80:]), settings(epochs=1), Fabric(accelerator="cpu")):
        pass
    assert torch.equal(torch.rand(2), expected)


def test_the_best_weights_are_kept():
    records, weights = fitted(learning_rate=0.1, epochs=6)
    losses = [record["valid_loss"] for record in records]
    best = min(losses)
    run, x = tiny("vae", "sequential")
    objective = make_objective(run.recipe, run.autoencoder)
    objective.load_state_dict(weights)
    objective.eval()
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        terms = objective(x[80:])
    assert sum(term.mean().item() for term in terms.values()) == pytest.approx(best, rel=1e-5)


def test_averaged_weights_are_the_exponential_average():
    run, x = tiny("vae", "parallel")
    objective = make_objective(run.recipe, run.autoencoder)
    seen = []
    loop = fit(
        objective, Data(x[:80], x[80:]), settings(epochs=1, average=0.7), Fabric(accelerator="cpu"),
        on_step=lambda *_: seen.append({k: v.clone() for k, v in objective.named_parameters()}),
    )  # fmt: skip
    next(loop)
    machine = {k: v.clone() for k, v in run.autoencoder.decoder.machine.named_buffers()}
    next(loop, None)
    for name, value in objective.named_parameters():
        expected = seen[0][name]
        for step in seen[1:]:
            expected = 0.7 * expected + 0.3 * step[name]
        torch.testing.assert_close(value, expected)
    assert all(torch.equal(v, machine[k]) for k, v in run.autoencoder.decoder.machine.named_buffers())


def test_rates_hold_and_then_fall_in_a_line():
    records, _ = fitted(schedule="trapezoid", epochs=8, floor=1e-4, learning_rate=0.01)
    rates = [record["rate"] for record in records]
    assert rates[:6] == [0.01] * 6 and 0.01 > rates[6] > rates[7] > 1e-4


def test_a_run_without_rows_is_refused():
    run, x = tiny("vae", "sequential")
    objective = make_objective(run.recipe, run.autoencoder)
    with pytest.raises(ValueError, match="0 to choose by"):
        next(fit(objective, Data(x, x[:0]), settings(), Fabric(accelerator="cpu")))


def test_divergence_is_said_and_stops_the_run():
    with pytest.raises(DataError, match="diverged in epoch 1.*training.learning_rate"):
        fitted(learning_rate=1e30)


@pytest.mark.parametrize("variant", ["rae", "rae_gp"])
def test_noise_on_codes_reaches_the_decoder_in_training_alone(variant):
    run, x = tiny(variant, "sequential")
    objective_part = run.recipe.objective.model_copy(update={"code_noise": 0.5})
    objective = make_objective(run.recipe.model_copy(update={"objective": objective_part}), run.autoencoder)
    seen = []
    run.autoencoder.decoder.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    many = x[:1].repeat(4000, 1)
    code = run.autoencoder.encoder(many).mean.detach()
    terms = objective(many)
    assert all(torch.isfinite(term).all() for term in terms.values())
    noise = (seen.pop() - code).pow(2).mean(1).sqrt()  # its scale: u² / 2 times a chi of three, over √3
    assert noise.pow(2).mean().sqrt().item() == pytest.approx(0.5 / 5**0.5, rel=0.05)
    assert noise.quantile(0.2) < 0.02 and noise.max() > 0.5
    objective.eval()
    objective(many)
    assert torch.equal(seen[0], code)


def test_a_pass_computes_what_is_asked_and_that_once():
    run, x = tiny("vae", "sequential")
    seen = []
    for name in ("encoder", "decoder", "prior"):
        module = getattr(run.autoencoder, name)
        module.register_forward_hook(lambda *_, name=name: seen.append(name))
    Objective(run.autoencoder, {"kl": (kl, 1.0)})(x)
    assert seen == ["encoder", "prior"]
    seen.clear()
    replays = []
    replay = run.autoencoder.decoder.machine.replay
    run.autoencoder.decoder.machine.replay = lambda *given: replays.append(1) or replay(*given)
    Objective(run.autoencoder, {"nll": (nll, 1.0), "feasible": (feasible, 1.0), "kl": (kl, 1.0)})(x)
    assert seen == ["encoder", "decoder", "prior"] and len(replays) == 1


def test_terms_know_the_step_of_the_optimizer():
    run, x = tiny("ae", "parallel")
    steps = []
    terms = {
        "nll": (nll, 1.0),
        "watch": (lambda one: steps.append((one.training, one.step)) or one.z.sum(), 1.0),
    }
    how = Settings(epochs=3, batch=25)
    list(fit(Objective(run.autoencoder, terms), Data(x[:80], x[80:]), how, Fabric(accelerator="cpu")))
    assert [step for training, step in steps if training] == list(range(12))
    assert [step for training, step in steps if not training] == [4, 8, 12]


def test_a_refinement_betters_the_posterior_everywhere():
    class Nearer(torch.nn.Module):
        def forward(self, q, x, decoder, prior):
            assert torch.isfinite(decoder(q.mean).log_prob(x)).all() and prior().exact
            return Gaussian(q.mean / 2, q.log_var - 1)

    run, x = tiny("vae", "parallel")
    plain = run.autoencoder
    refined = Autoencoder(plain.encoder, plain.decoder, plain.prior, Nearer())
    torch.testing.assert_close(refined.posterior(x).mean, plain.posterior(x).mean / 2)
    assert (
        Objective(refined, {"kl": (kl, 1.0)})(x)["kl"].mean()
        != Objective(plain, {"kl": (kl, 1.0)})(x)["kl"].mean()
    )
    assert refined.state_dict().keys() == plain.state_dict().keys()
    codes = Model(Run(run.recipe, run.grammar, run.codec, refined)).codes(x.numpy())
    np.testing.assert_allclose(codes, plain.posterior(x).mean.detach().numpy() / 2, rtol=1e-5)
