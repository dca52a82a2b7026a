"""Gaussian processes over codes, by BoTorch and GPyTorch: exact for local search, sparse for many codes.

Inputs are scaled to the unit box and targets standardised by BoTorch's transforms. We maximise, so how bad the worst
are matters little: targets below the lower quartile by more than 1.5 interquartile ranges (Tukey's fence) are raised
to that, else a few very bad strings would take all the variance.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from grammar_rae.errors import DataError

if TYPE_CHECKING:
    import torch
    from botorch.models.model import Model


def require() -> None:
    """ModuleNotFoundError that says how to install BoTorch."""
    try:
        import botorch  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "optimization needs BoTorch; install it with: pip install 'grammar-rae[optimize]'"
        ) from error


def fenced(y: np.ndarray) -> np.ndarray:
    """Targets (n,) with the far low ones raised to Tukey's lower fence."""
    low, high = np.quantile(y, [0.25, 0.75])
    return np.maximum(y, low - 1.5 * (high - low))


@dataclass(frozen=True)
class Exact:
    """An exact Gaussian process: RBF kernel with the dimension-scaled prior of Hvarfner et al. (2024) and BoTorch's on
    the noise, fitted by L-BFGS. Of more than `at_most` codes those nearest to the best are used.

    One length scale serves all dimensions: the coordinates of a learned space are alike, and a few hundred values
    do not tell 56 length scales apart (200 molecules explain 0.39 of the variance of penalised logP, 0.27 with one
    length scale a dimension).
    """

    at_most: int = 1000
    iterations: int = 40

    def fit(self, z: np.ndarray, y: np.ndarray, seed: int) -> Model:
        """Of codes z (n, D) and values y (n,), the larger the better."""
        import torch
        from botorch.exceptions import ModelFittingError
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import SingleTaskGP
        from botorch.models.transforms import Normalize, Standardize
        from gpytorch.kernels import RBFKernel
        from gpytorch.mlls import ExactMarginalLogLikelihood
        from gpytorch.priors import LogNormalPrior

        if len(z) > self.at_most:
            near = np.argsort(((z - z[np.argmax(y)]) ** 2).sum(1), kind="stable")[: self.at_most]
            z, y = z[near], y[near]
        inputs, targets = _tensors(z, fenced(y))
        kernel = RBFKernel(
            lengthscale_prior=LogNormalPrior(math.sqrt(2) + math.log(inputs.shape[1]) / 2, math.sqrt(3))
        )
        kernel.lengthscale = math.sqrt(inputs.shape[1])
        with torch.random.fork_rng(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(seed)
            model = SingleTaskGP(
                inputs,
                targets,
                covar_module=kernel,
                input_transform=Normalize(inputs.shape[1]),
                outcome_transform=Standardize(1),
            )
            likelihood = ExactMarginalLogLikelihood(model.likelihood, model)
            try:
                fit_gpytorch_mll(
                    likelihood, optimizer_kwargs={"options": {"maxiter": self.iterations}}, max_attempts=1
                )
            except ModelFittingError:
                model.eval()  # the priors' own values
        return model


@dataclass(frozen=True)
class Sparse:
    """A sparse variational Gaussian process (Hensman et al. 2013): squared-exponential kernel, one length scale a
    dimension. The defaults are the published protocol's (Kusner et al. 2017): 500 inducing points, Adam at 5e-4,
    minibatches of 5,000, 50 passes. Theirs minimises an energy of expectation propagation; ours is the variational
    bound, its variational distribution moved by natural gradients (Salimbeni et al. 2018).
    """

    inducing: int = 500
    passes: int = 50
    batch: int = 5000
    rate: float = 5e-4
    natural_rate: float = 0.1

    def fit(self, z: np.ndarray, y: np.ndarray, seed: int) -> Model:
        """As `Exact.fit`."""
        import torch
        from botorch.models import SingleTaskVariationalGP
        from botorch.models.transforms import Normalize, Standardize
        from gpytorch.kernels import RBFKernel, ScaleKernel
        from gpytorch.mlls import VariationalELBO
        from gpytorch.optim import NGD
        from gpytorch.variational import NaturalVariationalDistribution

        inputs, targets = _tensors(z, fenced(y))
        normalize, standardize = Normalize(inputs.shape[1]), Standardize(1)
        x, t = normalize(inputs), standardize(targets)[0].squeeze(-1)
        with torch.random.fork_rng(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(seed)
            points = x[torch.randperm(len(x))[: self.inducing]].clone()
            kernel = ScaleKernel(RBFKernel(ard_num_dims=x.shape[1])).to(x)
            kernel.base_kernel.lengthscale = _median_distance(points)
            model = SingleTaskVariationalGP(
                x[:1],
                covar_module=kernel,
                inducing_points=points,
                variational_distribution=NaturalVariationalDistribution(len(points)),
            ).to(x)
            bound = VariationalELBO(model.likelihood, model.model, num_data=len(x))
            natural = NGD(model.model.variational_parameters(), num_data=len(x), lr=self.natural_rate)
            adam = torch.optim.Adam(
                [*model.model.hyperparameters(), *model.likelihood.parameters()], lr=self.rate
            )
            model.train()
            for _ in range(self.passes):
                for rows in torch.randperm(len(x)).split(self.batch):
                    natural.zero_grad()
                    adam.zero_grad()
                    loss = -bound(model.model(x[rows]), t[rows])
                    loss.backward()
                    natural.step()
                    adam.step()
        model.input_transform, model.outcome_transform = normalize.eval(), standardize.eval()
        return model.eval()


SURROGATES = {"exact": Exact, "sparse": Sparse}


def named(name: str) -> Exact | Sparse:
    """A surrogate with its default settings. DataError lists the names."""
    if name not in SURROGATES:
        raise DataError(f"no surrogate is called {name}; there are: {', '.join(SURROGATES)}")
    return SURROGATES[name]()


def _tensors(z: np.ndarray, y: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    return torch.as_tensor(z, dtype=torch.float64), torch.as_tensor(y, dtype=torch.float64)[:, None]


def _median_distance(x: torch.Tensor) -> float:
    """√(half the median squared distance): the published start of the length scale."""
    import torch

    return max(float((torch.pdist(x).square().median() / 2).sqrt()), 1e-3) if len(x) > 1 else 1.0
