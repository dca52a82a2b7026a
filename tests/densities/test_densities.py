"""Laws that hold for every density of the catalogue, on a mixture in the plane whose density is known."""

import functools
import inspect
import math

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity
from torch import nn
from torch.distributions import Distribution, MultivariateNormal

from grammar_rae.autoencoders.autoencoder import Autoencoder
from grammar_rae.autoencoders.priors import Standard
from grammar_rae.catalogue import DENSITIES, look_up
from grammar_rae.densities import dirichlet, flow_matching, gaussian, gmm, kde
from grammar_rae.densities.codes import SPREAD, covariance_factor
from grammar_rae.densities.fitting import fit_density
from grammar_rae.densities.mixture import from_covariances
from grammar_rae.densities.two_stage import TwoStageDistribution
from grammar_rae.distributions.posteriors import Gaussian
from grammar_rae.errors import DataError, RecipeError
from grammar_rae.experiments.density import DensityRequest, add_density
from grammar_rae.model.model import Model
from grammar_rae.noise import Noise
from grammar_rae.progress import silent
from grammar_rae.signatures import settings_of

SMALL = {"width": 32, "epochs": 40}
CASES = {  # a kind and its settings
    "gaussian": ("gaussian", {}),
    "gmm": ("gmm", {"components": 3}),
    "gmm20": ("gmm", {"components": 20}),
    "dirichlet": ("dirichlet", {"components": 8}),
    "kde": ("kde", {"bandwidth": 0.3}),
    "flow": ("flow", {"width": 32, "epochs": 20, "layers": 2}),
    "flow_matching": ("flow_matching", {"width": 64, "blocks": 2, "epochs": 40}),
    "two_stage": ("two_stage", {**SMALL, "rate": 3e-3}),
    "two_stage_rae": ("two_stage", {**SMALL, "rate": 3e-3, "form": "rae", "weight": 0.1}),
    "box": ("box", {}),
}
UNIMODAL = {"gaussian", "box"}
TRUE = from_covariances(
    [0.5, 0.3, 0.2],
    [[-2.0, -1.0], [2.5, 0.0], [0.0, 3.0]],
    [[[0.6, 0.3], [0.3, 0.5]], [[0.4, 0.0], [0.0, 1.0]], [[1.0, -0.4], [-0.4, 0.5]]],
)
CODES = TRUE().sample(Noise.first(0, 1500))
HELD_OUT = TRUE().sample(Noise.first(1, 1000))


@functools.cache
def fitted(case, seed=0):
    kind, settings = CASES[case]
    return fit_density(kind, CODES, seed, silent, settings)


@functools.cache
def on_grid(case):
    """Points of the plane, the density there and the area each stands for."""
    step = {"box": 0.05, "flow_matching": 0.2}.get(case, 0.1 if fitted(case)().exact else 0.3)
    axis = torch.arange(-9.0, 9.0, step)
    points = torch.cartesian_prod(axis, axis)
    return points, fitted(case)().log_prob(points).double(), step**2


def test_every_density_is_in_the_cases():
    assert {kind for kind, _ in CASES.values()} == DENSITIES.keys()


@pytest.mark.parametrize("case", CASES)
def test_the_density_integrates_to_one(case):
    _, log_density, area = on_grid(case)
    total = log_density.exp().sum().item() * area
    assert total == pytest.approx(1, abs=0.02) if fitted(case)().exact else 0.8 < total < 1.02


@pytest.mark.parametrize("case", CASES)
def test_samples_have_the_moments_and_the_entropy_of_the_density(case):
    points, log_density, area = on_grid(case)
    share = log_density.softmax(0)
    mean = share @ points.double()
    covariance = (points.double() - mean).T @ ((points.double() - mean) * share[:, None])
    drawn = fitted(case)().sample(Noise.first(5, 20_000)).double()
    if case == "two_stage_rae":  # samples are means: the noise of the density is missing
        covariance -= CASES[case][1]["weight"] * torch.diag(fitted(case).scale.double() ** 2)
    else:
        entropy = -(share * log_density.nan_to_num(neginf=0)).sum().item()
        assert -fitted(case)().log_prob(drawn.float()).mean().item() == pytest.approx(entropy, abs=0.1)
    torch.testing.assert_close(drawn.mean(0), mean, atol=0.1, rtol=0)
    torch.testing.assert_close(torch.cov(drawn.T), covariance, atol=0.2, rtol=0.03)


@pytest.mark.parametrize("case", CASES)
def test_held_out_codes_are_about_as_likely_as_they_truly_are(case):
    found = fitted(case)().log_prob(HELD_OUT).mean().item()
    true = TRUE().log_prob(HELD_OUT).mean().item()
    assert found < true + 0.02
    assert (found > true - 0.3) == (case not in UNIMODAL)


@pytest.mark.parametrize("case", CASES)
def test_the_same_seed_repeats_bit_for_bit_and_leaves_the_callers_alone(case):
    kind, settings = CASES[case]
    quick = {**settings, "epochs": 2} if "epochs" in settings else settings
    torch.manual_seed(3)
    first, second, other = (fit_density(kind, CODES, seed, silent, quick).state_dict() for seed in (4, 4, 5))
    drawn = torch.rand(2)
    torch.manual_seed(3)
    assert torch.equal(torch.rand(2), drawn)
    assert all(torch.equal(first[name], second[name]) for name in first)
    differs = any(
        first[name].shape != other[name].shape or (first[name] != other[name]).any() for name in first
    )
    assert differs == (case not in UNIMODAL)


@pytest.mark.parametrize("case", CASES)
def test_a_sample_does_not_depend_on_the_batch(case):
    density = fitted(case)()
    whole = density.sample(Noise.first(7, 60))
    parts = [density.sample(Noise.first(7, n, start)) for start, n in ((0, 1), (1, 40), (41, 19))]
    torch.testing.assert_close(torch.cat(parts), whole, rtol=1e-4, atol=1e-5)
    assert not torch.equal(density.sample(Noise.first(8, 60)), whole)
    torch.testing.assert_close(
        torch.cat([density.log_prob(part) for part in whole.split(7)]), density.log_prob(whole)
    )


@pytest.mark.parametrize("case", CASES)
def test_bad_codes_are_one_line(case):
    kind, settings = CASES[case]
    broken = CODES.clone()
    broken[17, 1] = torch.nan
    for z, message in ((broken, "code 17 is not finite"), (CODES[:1], "two or more|at least as many")):
        with pytest.raises(DataError, match=message) as error:
            fit_density(kind, z, 0, silent, settings)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("case", CASES)
def test_a_constant_dimension_and_equal_codes_are_fitted(case):
    kind, settings = CASES[case]
    quick = {**settings, "epochs": 2} if "epochs" in settings else settings
    flat = torch.cat([CODES[:200], torch.full((200, 1), 3.0)], 1)
    for z in (flat, flat[:1].expand(50, -1)):
        density = fit_density(kind, z, 0, silent, quick)()
        drawn = density.sample(Noise.first(0, 300))
        assert density.log_prob(z).isfinite().all()
        spread = 0.3 if kind == "kde" else SPREAD
        assert (drawn[:, 2] - 3).abs().max() < 6 * spread


@pytest.mark.parametrize("case", CASES)
def test_a_stored_density_is_the_same(case, toy_run, tmp_path):
    kind, settings = CASES[case]
    model = Model.load(toy_run)
    z = torch.randn(300, model.latent, generator=torch.Generator().manual_seed(0)).numpy()
    quick = {**settings, "epochs": 1} if "epochs" in settings else settings
    name = f"my-{kind}"
    density = model.fit_density(kind, z, name=name, **quick)
    model.save(tmp_path / "run")
    again = Model.load(tmp_path / "run")
    read = again.density(name)
    assert (again.run.densities[name].kind, read.sizes, read().exact) == (
        kind,
        density.sizes,
        density().exact,
    )
    assert torch.equal(read().log_prob(torch.as_tensor(z)), density().log_prob(torch.as_tensor(z)))
    assert (again.sample_codes(20, name, seed=2) == model.sample_codes(20, name, seed=2)).all()
    assert again.generate(10, density=name) == model.generate(10, density=name)


def test_a_gaussian_has_the_codes_moments():
    expected = MultivariateNormal(CODES.double().mean(0), torch.cov(CODES.double().T, correction=0))
    found = gaussian.fit(CODES)().log_prob(CODES)
    torch.testing.assert_close(found, expected.log_prob(CODES.double()).float(), rtol=1e-4, atol=1e-3)


def test_a_mixture_is_scikit_learns():
    chosen = torch.randperm(len(CODES), generator=torch.Generator().manual_seed(2))
    reference = GaussianMixture(4, random_state=2).fit(CODES[chosen].double().numpy())
    found = gmm.fit(CODES, seed=2, components=4)().log_prob(HELD_OUT)
    np.testing.assert_allclose(found, reference.score_samples(HELD_OUT.double().numpy()), atol=2e-3)


def test_many_components_on_few_codes():
    density = gmm.fit(CODES[:210], components=200)()
    assert density.log_prob(CODES[:210]).isfinite().all() and len(density.weights) == 200
    large = gmm.fit(1e6 * CODES[:60], components=50)()
    assert large.log_prob(1e6 * CODES).isfinite().all()
    with pytest.raises(DataError, match="10 components need at least as many codes; there are 4"):
        gmm.fit(CODES[:4])


@pytest.mark.parametrize("kind", ["gmm", "dirichlet"])
def test_no_component_is_narrower_than_the_floor(kind):
    narrow = torch.cat([CODES[:300], torch.zeros(300, 2)])
    for floor in (1e-3, 0.2):
        settings = {"components": 8, "floor": floor}
        density = fit_density(kind, narrow, 0, silent, settings)
        widths = torch.linalg.svdvals(density.factors)
        assert widths.min() >= 0.999 * floor
        assert kind != "gmm" or widths.min() < 1.05 * floor
        assert density().log_prob(narrow).isfinite().all()


def test_a_dirichlet_process_finds_the_components_and_is_scikit_learns_mixture():
    found = dirichlet.fit(CODES, components=8, iterations=1000)()
    shares, place = found.weights.sort(descending=True)
    assert len(shares) < 8
    torch.testing.assert_close(shares[:3], torch.tensor([0.5, 0.3, 0.2]), atol=0.04, rtol=0)
    torch.testing.assert_close(found.means[place[:3]], TRUE.means, atol=0.2, rtol=0)
    factors = found.factors.double().numpy()
    reference = GaussianMixture(len(shares))
    reference.weights_ = found.weights.double().numpy()
    reference.means_ = found.means.double().numpy()
    reference.precisions_cholesky_ = np.linalg.inv(factors).transpose(0, 2, 1)
    np.testing.assert_allclose(
        found.log_prob(HELD_OUT), reference.score_samples(HELD_OUT.double().numpy()), atol=1e-3
    )


@pytest.mark.parametrize("bandwidth", [0.425, "scott", "silverman"])
def test_kernels_are_scikit_learns(bandwidth):
    found = kde.fit(CODES, bandwidth=bandwidth)
    n, sigma = len(CODES), CODES.double().var(0, correction=0).mean().sqrt().item()
    width = {"scott": sigma * n ** (-1 / 6), "silverman": sigma * n ** (-1 / 6)}.get(bandwidth, bandwidth)
    reference = KernelDensity(bandwidth=width).fit(CODES.double().numpy())
    expected = reference.score_samples(HELD_OUT.double().numpy())
    np.testing.assert_allclose(found().log_prob(HELD_OUT), expected, atol=1e-3)
    assert len(kde.fit(CODES, at_most=100).centres) == 100


def test_the_bound_is_exact_under_the_exact_posterior_and_below_it_under_another():
    slope, gamma = torch.tensor([1.5, 0.5]), 0.4

    class Decoder(nn.Module):
        def forward(self, u):
            return Gaussian(slope * u, torch.full_like(u, 2 * math.log(gamma)))

    class Posterior(nn.Module):
        def __init__(self, factor):
            super().__init__()
            self.factor = factor

        def forward(self, z):
            precision = 1 + slope**2 / gamma**2
            mean = slope * z / gamma**2 / precision
            return Gaussian(mean, (self.factor**2 / precision).log().expand_as(z))

    expected = Gaussian(torch.zeros(2), (slope**2 + gamma**2).log()).log_prob(HELD_OUT)
    exact, narrow = (
        TwoStageDistribution(Autoencoder(Posterior(factor), Decoder(), Standard(2)), True)
        for factor in (1.0, 0.6)
    )
    torch.testing.assert_close(exact.log_prob(HELD_OUT), expected, rtol=1e-4, atol=1e-4)
    assert narrow.log_prob(HELD_OUT).mean() < expected.mean()
    drawn = exact.sample(Noise.first(0, 40_000))
    torch.testing.assert_close(drawn.var(0), slope**2 + gamma**2, rtol=0.03, atol=0)


def test_the_flow_leaves_torchs_checks_on():
    before = Distribution._validate_args
    fitted("flow")
    assert Distribution._validate_args == before


def test_a_flow_is_the_full_gaussian_until_it_has_learned():
    z = 1000 + CODES @ torch.tensor([[30.0, 1.0], [0.0, 0.02]])
    mean, factor = covariance_factor(z)
    untrained = flow_matching.empty(2, width=8, blocks=1, steps=3)
    untrained.load_state_dict({**untrained.state_dict(), "mean": mean, "factor": factor})
    torch.testing.assert_close(untrained().log_prob(z), gaussian.fit(z)().log_prob(z), rtol=1e-4, atol=1e-3)


def test_a_flow_keeps_half_precision_and_draws_the_same_bytes_in_any_batch():
    density = fitted("flow_matching")
    assert {weight.dtype for weight in density.parameters()} == {torch.float16}
    whole = density().sample(Noise.first(7, 200))
    assert whole.dtype == torch.float32
    for first, count in ((0, 1), (0, 64), (0, 199), (64, 128), (128, 72)):
        part = density().sample(Noise.first(7, count, first))
        assert torch.equal(part, whole[first : first + count])
    assert density().sample(Noise.first(7, 0)).shape == (0, 2)
    assert density().log_prob(CODES[:0]).shape == (0,)


def test_a_flow_of_codes_that_are_gaussian_is_that_gaussian():
    """Held-out codes lose no more than a hundredth of a nat by what is learned of 6,000 where nothing is."""
    factor = torch.tensor([[2.0, 0.0, 0.0], [1.5, 0.5, 0.0], [-1.0, 0.2, 0.1]])
    true = MultivariateNormal(torch.tensor([3.0, -1.0, 0.5]), scale_tril=factor)
    z, held_out = (true.mean + Noise.first(seed, 6000).normal(1, 3) @ factor.T for seed in (0, 1))
    found = fit_density("flow_matching", z, 0, silent, {"width": 32, "blocks": 1, "epochs": 5})()
    lost = (true.log_prob(held_out) - found.log_prob(held_out)).mean().item()
    assert abs(lost) < 0.01
    drawn = found.sample(Noise.first(2, 20_000))
    torch.testing.assert_close(torch.cov(drawn.T), true.covariance_matrix, rtol=0.05, atol=0.03)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (
            "kde",
            {"bandwidth": -1},
            "kde: bandwidth: Input should be 'scott' or 'silverman', or greater than 0, given -1",
        ),
        ("kde", {"bandwidth": "wide"}, "given 'wide'"),
        ("kde", {"components": 3}, "kde has no setting components; it takes: bandwidth, at_most"),
        ("gaussian", {"width": 3}, "gaussian has no setting width; it takes: nothing"),
        ("gmm", {"components": 0}, "gmm: components: Input should be greater than or equal to 1, given 0"),
        ("flow", {"epochs": 0}, "flow: epochs: Input should be greater than or equal to 1, given 0"),
        ("flow", {"width": 0}, "flow: width: Input should be greater than or equal to 1, given 0"),
        (
            "two_stage",
            {"form": "third"},
            "two_stage: form: Input should be 'dai_wipf' or 'rae', given 'third'",
        ),
        (
            "two_stage",
            {"layers": 0},
            "two_stage: layers: Input should be greater than or equal to 1, given 0",
        ),
        (
            "flow_matching",
            {"steps": 0},
            "flow_matching: steps: Input should be greater than or equal to 1, given 0",
        ),
        ("flow_matching", {"steps": 1}, "steps 1; expected 2 to"),
        ("flow_matching", {"blocks": 101}, "blocks 101; expected 0 to 100"),
        (
            "flow_matching",
            {"width": 0},
            "flow_matching: width: Input should be greater than or equal to 1, given 0",
        ),
        ("flow_matching", {"layers": 3}, "flow_matching has no setting layers; it takes: width, blocks"),
        ("gmm", {"floor": 0}, "gmm: floor: Input should be greater than 0, given 0"),
        ("two_stage", {"rate": 0}, "two_stage: rate: Input should be greater than 0, given 0"),
        ("dirichlet", {"concentration": -1}, "dirichlet: concentration: Input should be greater than 0"),
        ("gmm", {"componets": 3}, "gmm has no setting componets; did you mean components?"),
        ("gmm", {"components": "many"}, "gmm: components: Input should be a valid integer"),
        ("gnm", {}, "did you mean gmm?"),
    ],
)
def test_settings_that_cannot_be(kind, settings, message):
    with pytest.raises(ValueError) as error:
        fit_density(kind, CODES, 0, silent, settings)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_settings_are_refused_before_anything_is_encoded(toy_run, monkeypatch):
    monkeypatch.setattr(Model, "encode_known", None)
    for kind, settings in (("kde", {"bandwidth": -1}), ("two_stage", {"form": "third"})):
        with pytest.raises(RecipeError, match=f"{kind}: "):
            add_density(toy_run, DensityRequest(kind, settings))


def test_a_bandwidth_may_be_a_word_that_is_a_number():
    found = [fit_density("kde", CODES, 0, silent, {"bandwidth": given}) for given in (0.3, "0.3")]
    assert torch.equal(found[0].bandwidth, found[1].bandwidth) and found[0].bandwidth == torch.tensor(0.3)


@pytest.fixture
def stored(toy_run, tmp_path):
    """A run with a density called mine, and what changes its file."""
    model = Model.load(toy_run)
    z = torch.randn(60, model.latent, generator=torch.Generator().manual_seed(0)).numpy()
    model.fit_density("gmm", z, name="mine", components=2)
    model.save(tmp_path)
    path = tmp_path / "densities" / "mine.safetensors"

    def change(tensors=lambda t: t, **metadata):
        with safe_open(path, "pt") as file:
            held = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            known = {**file.metadata(), **metadata}
        save_file(tensors(held), path, {k: v for k, v in known.items() if v is not None})

    return tmp_path, change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tensors": lambda t: {k: v.long() for k, v in t.items()}}, "torch.int64"),
        ({"tensors": lambda t: {**t, "means": t["means"][:1]}}, "means differs"),
        ({"tensors": lambda t: {"means": t["means"]}}, "does not fit"),
        ({"kind": "gnm"}, "no density is called gnm"),
        ({"components": None}, "its sizes: 'components'"),
        ({"components": "-2"}, "its sizes"),
        ({"components": "5"}, "does not fit"),
        ({"identity": "another"}, "another recipe or grammar"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(stored, change, message):
    folder, changed = stored
    changed(**change)
    with pytest.raises(DataError) as error:
        Model.load(folder)
    assert message in str(error.value) and "mine.safetensors" in str(error.value)


def test_every_fit_takes_codes_a_seed_and_a_listener():
    for kind in DENSITIES:
        fit, empty, *_ = look_up(DENSITIES, kind, "density")
        positional = inspect.signature(fit).parameters.keys() - settings_of(fit)
        assert positional == {"z", "seed", "report"}
        assert next(iter(inspect.signature(empty).parameters)) == "latent"
