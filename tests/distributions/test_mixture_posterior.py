"""The mixture posterior against torch's own, and its draws against its density."""

import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from grammar_rae.distributions.posteriors import Gaussian, Mixture
from grammar_rae.noise import Noise


def mixture(batch=4, components=3, size=2):
    torch.manual_seed(0)
    mean, log_var = 2 * torch.randn(2, components, batch, size)
    return of(torch.randn(components, batch).log_softmax(0), mean, log_var / 2)


def of(log_weights, mean, log_var):
    return Mixture(log_weights, [Gaussian(*part) for part in zip(mean, log_var, strict=True)])


def reference(q):
    parts = Normal(q.components.mean.transpose(0, 1), (q.components.log_var / 2).exp().transpose(0, 1))
    return MixtureSameFamily(Categorical(logits=q.log_weights.T), Independent(parts, 1))


def test_density_and_mean_are_those_of_torch():
    q = mixture()
    z = torch.randn(5, 7, 4, 2)
    torch.testing.assert_close(q.log_prob(z), reference(q).log_prob(z))
    torch.testing.assert_close(q.log_prob(z[0, 0]), reference(q).log_prob(z[0, 0]))
    torch.testing.assert_close(q.mean, reference(q).mean)
    assert q.proper


def test_draws_follow_the_density():
    q = mixture(batch=1)
    torch.manual_seed(1)
    many = of(
        q.log_weights.expand(-1, 100_000),
        q.components.mean.expand(-1, 100_000, -1),
        q.components.log_var.expand(-1, 100_000, -1),
    )
    expected = reference(q)
    for z in (q.rsample((100_000,))[:, 0], many.rsample(), many.sample(Noise.first(3, 100_000))):
        torch.testing.assert_close(z.mean(0), expected.mean[0], atol=0.03, rtol=0)
        torch.testing.assert_close(z.var(0), expected.variance[0], atol=0, rtol=0.03)
        theirs = expected.log_prob(expected.sample((100_000,))).mean()
        torch.testing.assert_close(q.log_prob(z[:, None]).mean(), theirs, atol=0.02, rtol=0)


def test_a_draw_depends_on_its_number_alone():
    q = mixture()
    z = q.sample(Noise(5, torch.arange(4)))
    turned = torch.tensor([2, 0, 3, 1])
    other = of(q.log_weights[:, turned], q.components.mean[:, turned], q.components.log_var[:, turned])
    assert torch.equal(other.sample(Noise(5, turned)), z[turned])
    assert q.rsample((3, 2)).shape == (3, 2, 4, 2)


def test_gradients_of_a_draw_reach_the_component_drawn():
    q = mixture(batch=1)
    mean = q.components.mean.clone().requires_grad_()
    last = of(torch.tensor([[-1e4], [-1e4], [0.0]]), mean, q.components.log_var)
    last.rsample().sum().backward()
    assert mean.grad[:, 0].tolist() == [[0, 0], [0, 0], [1, 1]]


def test_a_part_of_the_mixture_keeps_its_proportions():
    q = mixture()
    part = q.first(2)
    torch.testing.assert_close(part.log_weights.exp().sum(0), torch.ones(4))
    torch.testing.assert_close(part.log_weights.diff(dim=0), q.log_weights[:2].diff(dim=0))
    torch.testing.assert_close(q.first(1).log_prob(q.mean), q.parts[0].log_prob(q.mean))
    assert not part.detached().components.mean.requires_grad
