"""Which codes to evaluate next: batched log expected improvement and Thompson sampling, by BoTorch.

Each takes a fitted surrogate, the region of the round, how many codes, the best value so far, the codes already
chosen in this round (m, D) and a seed; it gives (n, D) codes inside the region. Expected improvement is taken in
log space (Ament et al. 2023), where it has gradients also far from the optimum.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from grammar_rae.errors import DataError
from grammar_rae.optimization.regions import Region

if TYPE_CHECKING:
    from botorch.models.model import Model

CANDIDATES = 1500  # of Thompson sampling
GRID = 10_000  # the published grid
STEPS = 150  # of L-BFGS-B, as published
CHUNK = 1000


def thompson(model: Model, region: Region, n: int, best: float, chosen: np.ndarray, seed: int) -> np.ndarray:
    """The best of 1,500 draws of the region under each of n functions drawn from the posterior."""
    import torch
    from botorch.generation import MaxPosteriorSampling

    candidates = torch.as_tensor(region.draw(CANDIDATES, seed))
    with torch.random.fork_rng(), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        found: np.ndarray = MaxPosteriorSampling(model, replacement=False)(candidates, num_samples=n).numpy()
    return found


def logei(model: Model, region: Region, n: int, best: float, chosen: np.ndarray, seed: int) -> np.ndarray:
    """Monte Carlo log expected improvement of the whole batch, one code after the other (qLogEI, sequential greedy),
    each from the two best of 512 draws of the region by 20 steps of L-BFGS-B.
    """
    import torch
    from botorch.acquisition import qLogExpectedImprovement
    from botorch.sampling import SobolQMCNormalSampler

    candidates = region.draw(512, seed)
    sampler = SobolQMCNormalSampler(torch.Size([64]), seed=seed % 2**31)
    picked = chosen
    for _ in range(n):
        pending = torch.as_tensor(picked) if len(picked) else None
        value = qLogExpectedImprovement(model, best, sampler=sampler, X_pending=pending)
        picked = np.concatenate([picked, _climbed(value, region, candidates, starts=2, steps=50)])
    return picked[len(chosen) :]


def believer(model: Model, region: Region, n: int, best: float, chosen: np.ndarray, seed: int) -> np.ndarray:
    """The published batch (Kusner et al. 2017): each code by expected improvement over a grid of 10,000 draws of the
    region, then L-BFGS-B; once chosen, its value is believed to be the predicted mean. The incumbent is the best
    predicted mean in the region, not `best`.
    """
    from botorch.acquisition import LogExpectedImprovement, PosteriorMean

    grid = region.draw(GRID, seed)
    top = _climbed(PosteriorMean(model), region, grid)
    incumbent = float(_posterior(model, top).mean)
    picked = chosen
    for _ in range(n):
        value = LogExpectedImprovement(_believing(model, picked), incumbent)
        picked = np.concatenate([picked, _climbed(value, region, grid)])
    return picked[len(chosen) :]


ACQUISITIONS: dict[str, Callable[[Any, Region, int, float, np.ndarray, int], np.ndarray]] = {
    "thompson": thompson,
    "logei": logei,
    "believer": believer,
}


def named(name: str) -> Callable[[Any, Region, int, float, np.ndarray, int], np.ndarray]:
    """An acquisition. DataError lists the names."""
    if name not in ACQUISITIONS:
        raise DataError(f"no acquisition is called {name}; there are: {', '.join(ACQUISITIONS)}")
    return ACQUISITIONS[name]


def _posterior(model: Model, z: np.ndarray) -> Any:
    import torch

    with torch.no_grad():
        return model.posterior(torch.as_tensor(z))


def _climbed(
    value: Any, region: Region, candidates: np.ndarray, starts: int = 1, steps: int = STEPS
) -> np.ndarray:
    """(1, D) where L-BFGS-B leads from the best candidates, drawn back towards them until inside the region."""
    import torch
    from botorch.optim import optimize_acqf

    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        points = torch.as_tensor(candidates)
        worth = torch.cat([value(part[:, None]) for part in points.split(CHUNK)])
    first = points[worth.topk(starts).indices]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ends, reached = optimize_acqf(
            value,
            torch.as_tensor(region.bounds),
            q=1,
            num_restarts=starts,
            batch_initial_conditions=first[:, None],
            options={"maxiter": steps},
            return_best_only=False,
        )
    assert reached is not None
    place = int(reached.argmax())
    start, end = first[place].numpy(), ends[place, 0].numpy()
    for halving in range(8):
        point = start + (end - start) / 2**halving
        if region.inside(point[None])[0]:
            return np.asarray(point[None])
    return np.asarray(start[None])


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
