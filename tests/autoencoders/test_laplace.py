"""The Laplace posterior (Park, Kim, Kim 2019) against what is known exactly."""

import pytest
import torch
from tiny import KINDS, PICTURES, supported, tiny
from torch.distributions import MultivariateNormal, kl_divergence

from grammar_rae.autoencoders.decoders import PixelDecoder
from grammar_rae.autoencoders.variants.laplace import Laplace
from grammar_rae.distributions.divergence import divergence
from grammar_rae.distributions.pixels import BERNOULLI, GAUSSIAN, LINEAR_GAUSSIAN
from grammar_rae.distributions.posteriors import FullGaussian, Point, StandardNormal
from grammar_rae.errors import RecipeError
from grammar_rae.nets.dense import DenseWriter
from grammar_rae.noise import Noise

B, D, SIZE = 4, 3, 5
X = torch.rand(B, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 255


def decoder(pixels=LINEAR_GAUSSIAN, linear=False, scale=1.0):
    """A decoder in double precision; a `linear` one keeps all of its units at work."""
    torch.manual_seed(0)
    net = DenseWriter(D, 1, SIZE, widths=[20, 20])
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            parameter.normal_(0, scale * (0.3 if name.endswith("weight") else 0.1))
        if linear:
            net.layers[0].bias += 50
            net.layers[2].bias += 1000
            net.out.bias -= net(torch.zeros(1, D)).flatten() - 0.5
    made = PixelDecoder(net, pixels).double()
    if pixels is LINEAR_GAUSSIAN:
        made.log_variance.data.fill_(-2.0)
    return made


def line(made):
    """W (N, D) and b (N,) of a linear decoder."""
    around = made.net.linearised(torch.zeros(1, D, dtype=torch.float64))
    return around.jacobian[0].detach(), around.output.flatten(1)[0].detach()


def refined(made, mean, x=X, steps=4):
    return Laplace(made.pixels, steps=steps)(Point(mean), x, made, None)


def exact(made, x=X):
    """The posterior of probabilistic PCA: mean (B, D) and covariance (D, D)."""
    w, b = line(made)
    variance = made.log_variance.exp().detach()
    covariance = torch.linalg.inv(w.T @ w / variance + torch.eye(D))
    return (x.flatten(1) / 255 - b) @ w @ covariance / variance, covariance


@pytest.mark.parametrize(
    ("steps", "left"), [(1, 0.5), (2, 0.375), (3, 0.3125), (4, 0.2734375), (8, 0.196380615234375)]
)
def test_fact_1_under_a_linear_decoder_the_search_leaves_the_product_of_its_damping(steps, left):
    made = decoder(linear=True)
    start = torch.randn(B, D, dtype=torch.float64)
    q = refined(made, start, steps=steps)
    mean, covariance = exact(made)
    torch.testing.assert_close(q.mean - mean, left * (start - mean))
    inverse = torch.linalg.inv(q.factor @ q.factor.mT)
    torch.testing.assert_close(inverse[0], covariance)


def test_fact_1_one_step_without_damping_is_exact():
    made = decoder(linear=True)
    start = torch.randn(B, D, dtype=torch.float64)
    half = refined(made, start, steps=1).mean
    torch.testing.assert_close(2 * half - start.double(), exact(made)[0])


def test_fact_2_under_a_linear_decoder_the_bound_is_the_marginal_whatever_the_code():
    made = decoder(linear=True)
    w, b = line(made)
    q = refined(made, exact(made)[0], steps=0)
    z = q.rsample((6,))
    joint = torch.stack([made(one).log_prob(X) for one in z])
    bound = joint + StandardNormal(torch.zeros(D)).log_prob(z) - q.log_prob(z)
    variance = made.log_variance.exp().detach()
    marginal = MultivariateNormal(b, w @ w.T + variance * torch.eye(SIZE**2)).log_prob(X.flatten(1) / 255)
    torch.testing.assert_close(bound, marginal.expand(6, B))


@pytest.mark.parametrize("pixels", [LINEAR_GAUSSIAN, BERNOULLI])
def test_fact_3_the_jacobian_is_autograds_and_the_covariance_is_between_0_and_1(pixels):
    made = decoder(pixels)
    z = torch.randn(B, D, dtype=torch.float64)
    around = made.net.linearised(z)
    torch.testing.assert_close(around.output, made.net(z))
    expected = [
        torch.autograd.functional.jacobian(lambda one: made.net(one[None]).flatten(), row) for row in z
    ]
    torch.testing.assert_close(around.jacobian, torch.stack(expected))
    q = refined(made, z)
    variances = 1 / torch.linalg.eigvalsh(q.factor @ q.factor.mT)
    assert (variances > 0).all() and (variances <= 1 + 1e-6).all()


def test_fact_4_without_steps_and_slopes_it_is_the_standard_normal_about_the_encoder():
    made = decoder(scale=0.0)
    mean = torch.randn(B, D, dtype=torch.float64)
    q = refined(made, mean, steps=0)
    torch.testing.assert_close(q.mean, mean)
    torch.testing.assert_close(q.factor, torch.eye(D, dtype=torch.float64).expand(B, D, D))


@pytest.mark.parametrize("pixels", [LINEAR_GAUSSIAN, BERNOULLI])
def test_derivatives_of_a_likelihood_are_autograds(pixels):
    output = torch.randn(2, 1, 3, 3, dtype=torch.float64, requires_grad=True)
    x = torch.randint(0, 256, output.shape)
    learned = {"log_variance": torch.tensor(-1.0)} if pixels is LINEAR_GAUSSIAN else {}
    p = pixels.distribution(output, **learned)
    (slope,) = torch.autograd.grad(p.log_prob(x).sum(), output, create_graph=True)
    first, second = p.expansion(x)
    torch.testing.assert_close(first, slope)
    if slope.requires_grad:
        (curvature,) = torch.autograd.grad(slope.sum(), output)
        torch.testing.assert_close(second.expand_as(curvature), -curvature)


@pytest.mark.parametrize("pixels", [LINEAR_GAUSSIAN, BERNOULLI])
def test_the_precision_is_the_hessian_of_automatic_differentiation(pixels):
    made = decoder(pixels)
    z = torch.randn(B, D, dtype=torch.float64)
    assert (made.net.layers[0](z) < 0).any()  # some units are off
    found = refined(made, z, steps=0).factor
    prior = StandardNormal(torch.zeros(D))
    for row in range(B):

        def log_joint(one, row=row):
            return made(one[None]).log_prob(X[row : row + 1])[0] + prior.log_prob(one)

        hessian = torch.autograd.functional.hessian(log_joint, z[row])
        torch.testing.assert_close(found[row] @ found[row].T, -hessian)


class Whole(torch.nn.Module):
    """A decoder and the posterior that it gives, as one module."""

    def __init__(self, made):
        super().__init__()
        self.made = made

    def forward(self, mean):
        q = refined(self.made, mean, steps=2)
        return q.mean, q.factor


@pytest.mark.parametrize("pixels", [LINEAR_GAUSSIAN, BERNOULLI])
@pytest.mark.parametrize("name", ["out.weight", "layers.2.weight", "out.bias"])
def test_gradients_go_through_the_search(pixels, name):
    whole = Whole(decoder(pixels))

    def posterior(mean, parameter):
        return torch.func.functional_call(whole, {f"made.net.{name}": parameter}, (mean,))

    start = torch.randn(B, D, dtype=torch.float64, requires_grad=True)
    value = whole.made.net.get_parameter(name).detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(posterior, (start, value), fast_mode=True)


def test_few_digits_of_training_do_not_reach_the_search():
    run, x = tiny("laplace", "dense")
    with torch.autocast("cpu", torch.bfloat16):
        q = run.autoencoder.posterior(x)
    assert q.mean.dtype == q.factor.dtype == torch.float32 and q.factor.isfinite().all()


def test_a_precision_without_a_factor_is_no_number():
    made = decoder()
    made.log_variance.data.fill_(-torch.inf)
    assert refined(made, torch.randn(B, D, dtype=torch.float64), steps=0).factor.isnan().any((1, 2)).all()


def test_the_search_climbs_under_two_levels():
    made = decoder(BERNOULLI)
    z = torch.randn(B, D, dtype=torch.float64)

    def joint(z):
        return made(z).log_prob(X) + StandardNormal(torch.zeros(D)).log_prob(z)

    heights = torch.stack([joint(refined(made, z, steps=steps).mean) for steps in (0, 1, 2, 4, 8)])
    assert (heights.diff(dim=0).mean(1) > 0).all()


def posterior():
    torch.manual_seed(2)
    factor = torch.randn(B, D, D).tril()
    factor.diagonal(dim1=1, dim2=2).exp_()
    return FullGaussian(torch.randn(B, D), factor)


def test_the_full_gaussian_is_the_one_of_its_precision():
    q = posterior()
    same = MultivariateNormal(q.mean, precision_matrix=q.factor @ q.factor.mT)
    z = q.rsample((5,))
    torch.testing.assert_close(q.log_prob(z), same.log_prob(z), rtol=1e-4, atol=1e-4)
    standard = MultivariateNormal(torch.zeros(D), torch.eye(D))
    torch.testing.assert_close(
        divergence(q, StandardNormal(torch.zeros(D)), z[0]),
        kl_divergence(same, standard),
        rtol=1e-4,
        atol=1e-4,
    )
    many = q.rsample((200_000,))
    covariance = torch.linalg.inv(q.factor @ q.factor.mT)
    torch.testing.assert_close(torch.cov(many[:, 0].T), covariance[0], rtol=0.03, atol=0.03)
    drawn = q.sample(Noise.first(3, B, 0, torch.device("cpu")))
    part = FullGaussian(q.mean[2:], q.factor[2:]).sample(Noise.first(3, 2, 2, torch.device("cpu")))
    assert drawn.shape == (B, D) and torch.equal(drawn[2:], part)


def test_decoders_that_are_not_piecewise_linear_are_refused_by_name():
    for kind in [*KINDS, *PICTURES]:
        if not supported("laplace", kind):
            with pytest.raises(
                RecipeError,
                match="piecewise linear in the code, .* decoder.net dense; this recipe has [a-z_]+, of",
            ):
                tiny("laplace", kind)
    with pytest.raises(ValueError, match="likelihood bernoulli or linear_gaussian"):
        Laplace(GAUSSIAN)
