"""The published batch (Kusner et al. 2017): codes of a box by gradient, each believed to have its predicted mean.

It runs the papers' protocol beside ours; our searches choose among decoded candidates instead
(`grammar_rae.optimization.acquisition`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from grammar_rae.optimization.regions import BoxRegion

if TYPE_CHECKING:
    from botorch.models.model import Model
    from torch import Tensor

GRID = 10_000
STEPS = 150  # of L-BFGS-B


class Predicted(NamedTuple):
    """Codes: scaled to the unit box (n, D), their covariances k_xZ (n, M), those times A, means and variances (n,)."""

    x: Tensor
    near: Tensor
    pull: Tensor
    mean: Tensor
    variance: Tensor


class Process:
    """What a fitted `Sparse` predicts, in closed form and in the units of its targets (Hensman et al. 2013, whitened):
    mean(x) = c + k_xZ a and cov(x, x') = k(x, x') - k_xZ A k_Zx', where L Lᵀ = k_ZZ, a = L⁻ᵀ m, A = L⁻ᵀ (I - S) L⁻¹
    and N(m, S) is the variational distribution. Like GPyTorch's, variances are more by a jitter.
    """

    def __init__(self, model: Any) -> None:
        import torch

        strategy = model.model.variational_strategy
        unit = model.outcome_transform.stdvs.squeeze()
        self._normalized = model.transform_inputs
        with torch.no_grad():
            self._kernel = copy.deepcopy(model.model.covar_module).requires_grad_(False)
            self._kernel.outputscale = self._kernel.outputscale * unit**2
            self._inducing = strategy.inducing_points.detach()
            eye = torch.eye(len(self._inducing), dtype=self._inducing.dtype)
            self.jitter = strategy.jitter_val * unit**2
            inner = self._kernel.forward(self._inducing, self._inducing) + self.jitter * eye
            inverse = torch.linalg.solve_triangular(torch.linalg.cholesky(inner), eye, upper=False)
            variational = strategy.variational_distribution
            self._a = inverse.T @ variational.mean
            self._less = inverse.T @ (eye - variational.covariance_matrix) @ inverse
            self._constant = model.outcome_transform.means.squeeze() + unit * model.model.mean_module.constant

    def predict(self, z: Tensor) -> Predicted:
        """Codes z (n, D)."""
        x = self._normalized(z)
        near = self._kernel.forward(x, self._inducing)
        pull = near @ self._less
        variance = self._kernel.outputscale + self.jitter - (pull * near).sum(1)
        return Predicted(x, near, pull, self._constant + near @ self._a, variance)

    def covariance(self, of: Predicted, to: Predicted) -> Tensor:
        """(n, m), without the jitter."""
        covariance: Tensor = self._kernel.forward(of.x, to.x) - of.pull @ to.near.T
        return covariance

    def believing(self, chosen: Predicted) -> Callable[[Predicted], Tensor]:
        """Means and variances (n, 2), had it seen its own mean at the chosen: the same mean, less variance."""
        import torch

        seen = self.covariance(chosen, chosen)
        eye = torch.eye(len(seen), dtype=seen.dtype)
        root = torch.linalg.cholesky(seen + self.jitter * eye)
        inverse = torch.linalg.solve_triangular(root, eye, upper=False)

        def moments(at: Predicted) -> Tensor:
            explained = self.covariance(at, chosen) @ inverse.T
            return torch.stack([at.mean, at.variance - explained.square().sum(1)], 1)

        return moments


def believer(model: Model, box: BoxRegion, n: int, seed: int) -> np.ndarray:
    """(n, D) codes by a fitted `Sparse`, each by expected improvement over a grid of 10,000 draws of the box, then
    L-BFGS-B; once chosen, its value is believed to be the predicted mean. The incumbent is the best predicted mean in
    the box.
    """
    import torch

    process = Process(model)
    draws = torch.as_tensor(box.draw(GRID, seed))
    with torch.no_grad():
        grid = process.predict(draws)

    def climbed(value: Callable[[Predicted], Tensor]) -> Tensor:
        """(1, D) where L-BFGS-B leads from the best of the grid."""
        with torch.no_grad():
            first = draws[value(grid).argmax()]
        return _climbed(lambda x: value(process.predict(x)), box, first)

    worth = _improvement(float(process.predict(climbed(lambda at: at.mean)).mean))
    picked = draws[:0]
    for _ in range(n):
        with torch.no_grad():
            moments = process.believing(process.predict(picked))

        def value(at: Predicted, moments: Callable[[Predicted], Tensor] = moments) -> Tensor:
            return worth(moments(at))

        picked = torch.cat([picked, climbed(value)])
    return picked.numpy()


def _improvement(incumbent: float) -> Callable[[Tensor], Tensor]:
    """BoTorch's log expected improvement (n,) of means and variances (n, 2)."""
    import torch
    from botorch.acquisition import LogExpectedImprovement
    from botorch.models.model import Model

    class Moments(NamedTuple):
        mean: Tensor
        variance: Tensor

    class Given(Model):
        """Its inputs (n, 1, 2) are its own means and variances."""

        num_outputs = 1
        batch_shape = torch.Size()

        def posterior(self, X: Tensor, *rest: Any, **more: Any) -> Any:
            return Moments(X[..., :1], X[..., 1:])

    value = LogExpectedImprovement(Given(), incumbent)
    return lambda moments: value(moments[:, None])


def _climbed(value: Callable[[Tensor], Tensor], box: BoxRegion, first: Tensor) -> Tensor:
    """(1, D) where L-BFGS-B leads from a code (D,)."""
    import torch
    from scipy.optimize import minimize

    def descent(z: np.ndarray) -> tuple[float, np.ndarray]:
        x = torch.tensor(z[None], requires_grad=True)
        loss = -value(x).sum()
        (slope,) = torch.autograd.grad(loss, x)
        return loss.item(), slope[0].numpy()

    bounds = list(zip(*box.bounds, strict=True))
    end = minimize(
        descent, first.numpy(), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": STEPS}
    )
    return torch.as_tensor(end.x)[None]
