"""The published batch (Kusner et al. 2017): codes of a box by gradient, each believed to have its predicted mean.

Kept to run the papers' protocol beside ours; a search of one's own chooses among decoded candidates instead
(`grammar_rae.optimization.acquisition`).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from grammar_rae.optimization.regions import Box

if TYPE_CHECKING:
    from botorch.models.model import Model

GRID = 10_000
STEPS = 150  # of L-BFGS-B
CHUNK = 1000


def believer(model: Model, box: Box, n: int, seed: int) -> np.ndarray:
    """(n, D) codes, each by expected improvement over a grid of 10,000 draws of the box, then L-BFGS-B; once chosen,
    its value is believed to be the predicted mean. The incumbent is the best predicted mean in the box.
    """
    from botorch.acquisition import LogExpectedImprovement, PosteriorMean

    grid = box.draw(GRID, seed)
    incumbent = float(_posterior(model, _climbed(PosteriorMean(model), box, grid)).mean)
    picked = np.zeros((0, len(box.width)))
    for _ in range(n):
        value = LogExpectedImprovement(_believing(model, picked), incumbent)
        picked = np.concatenate([picked, _climbed(value, box, grid)])
    return picked


def _posterior(model: Model, z: np.ndarray) -> Any:
    import torch

    with torch.no_grad():
        return model.posterior(torch.as_tensor(z))


def _climbed(value: Any, box: Box, candidates: np.ndarray) -> np.ndarray:
    """(1, D) where L-BFGS-B leads from the best candidate."""
    import torch
    from botorch.optim import optimize_acqf

    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        points = torch.as_tensor(candidates)
        worth = torch.cat([value(part[:, None]) for part in points.split(CHUNK)])
    first = points[worth.argmax()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        end, _ = optimize_acqf(
            value,
            torch.as_tensor(box.bounds),
            q=1,
            num_restarts=1,
            batch_initial_conditions=first[None, None],
            options={"maxiter": STEPS},
        )
    found: np.ndarray = end.numpy()
    return found


def _believing(model: Model, chosen: np.ndarray) -> Any:
    """The surrogate, had it seen its own mean at `chosen` (m, D): the same mean, less variance."""
    if not len(chosen):
        return model
    import torch
    from botorch.models.model import Model
    from botorch.posteriors import GPyTorchPosterior
    from gpytorch.distributions import MultivariateNormal

    fixed = torch.as_tensor(chosen)
    m = len(fixed)

    class Believing(Model):
        num_outputs = 1
        batch_shape = torch.Size()

        def posterior(self, X: torch.Tensor, *rest: Any, **more: Any) -> GPyTorchPosterior:
            """X (b, 1, D): one joint posterior with the chosen codes, conditioned on them."""
            found: Any = model.posterior(torch.cat([fixed, X[:, 0]]))
            joint = found.distribution
            covariance = joint.covariance_matrix
            jitter = 1e-6 * covariance.diagonal().mean() * torch.eye(m, dtype=covariance.dtype)
            root = torch.linalg.cholesky(covariance[:m, :m] + jitter)
            explained = torch.linalg.solve_triangular(root, covariance[:m, m:], upper=False)
            variance = (covariance.diagonal()[m:] - explained.square().sum(0)).clamp_min(1e-12)
            return GPyTorchPosterior(MultivariateNormal(joint.mean[m:, None], variance[:, None, None]))

    return Believing()
