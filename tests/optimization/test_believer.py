"""The published batch of the benchmark: a sparse process read in closed form, and codes chosen by it."""

import sys
from pathlib import Path

import numpy as np
import torch

from grammar_rae.optimization import BoxRegion
from grammar_rae.optimization.sparse import Sparse

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

from believer import Process, believer

SMALL = Sparse(inducing=40, passes=200, batch=40, rate=0.01)


def test_the_published_batch_climbs_and_spreads():
    """Codes of the box, better by the surrogate than its draws, and not one code many times."""
    box = BoxRegion(np.full(2, -2.0), np.full(2, 2.0))
    z = box.draw(40, 0)
    model = SMALL.fit(z, -((z - 1) ** 2).sum(1), 0)
    chosen = believer(model, box, 4, 0)
    assert box.inside(chosen).all() and np.abs(chosen[0] - 1).max() < 0.2
    distances = np.linalg.norm(chosen[:, None] - chosen, axis=2)
    assert distances[np.triu_indices(4, 1)].min() > 1e-3


def test_the_sparse_process_read_once_predicts_and_believes_as_botorch_does():
    """Mean and joint covariance; conditioned on codes they are the conditional Gaussian's, its gradient true."""
    random = np.random.default_rng(0)
    z = random.uniform(-2, 2, (100, 3))
    model = SMALL.fit(z, 7 + 3 * np.sin(z).sum(1), 0)
    process, x = Process(model), torch.as_tensor(random.uniform(-3, 3, (30, 3)))
    with torch.no_grad():
        at, joint = process.predict(x), model.posterior(x).distribution
        covariance = joint.covariance_matrix
        torch.testing.assert_close(at.mean, joint.mean, rtol=1e-6, atol=0)
        torch.testing.assert_close(at.variance, covariance.diagonal(), rtol=1e-6, atol=0)
        found = process.covariance(at, at) + process.jitter * torch.eye(30)
        torch.testing.assert_close(found, covariance, rtol=1e-6, atol=1e-9)
        a, b = slice(10), slice(10, 30)
        less = covariance[b, a] @ torch.linalg.solve(covariance[a, a], covariance[a, b])
        expected = torch.stack([joint.mean[b], (covariance[b, b] - less).diagonal()], 1)
        believing = process.believing(process.predict(x[a]))
        torch.testing.assert_close(believing(process.predict(x[b])), expected, rtol=1e-6, atol=1e-8)
    for m in (0, 10):
        moments = process.believing(process.predict(x[:m]))
        value = lambda point: moments(process.predict(point))  # noqa: B023, E731
        torch.autograd.gradcheck(value, x[b].requires_grad_(), atol=1e-4, rtol=1e-4)
