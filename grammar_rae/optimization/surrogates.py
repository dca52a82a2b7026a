"""Surrogates: what a string is expected to score, by Gaussian processes of BoTorch and GPyTorch.

Targets are standardised by BoTorch's transforms. We maximise, so how bad the worst are matters little: targets below
the lower quartile by more than 1.5 interquartile ranges (Tukey's fence) are raised to that, else a few very bad strings
would take all the variance. A surrogate with a name is a line of `catalogue.SURROGATES`.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import torch
    from botorch.models.model import Model


class Surrogate(Protocol):
    """What an optimizer fits. One with a name also says by `reads_strings` whether it needs features of strings."""

    def fit(self, x: np.ndarray, y: np.ndarray, seed: int) -> Model:
        """The posterior of values y (n,), the larger the better, at inputs x (n, ·)."""


def require() -> None:
    """ModuleNotFoundError that says how to install BoTorch."""
    try:
        import botorch  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "optimization needs BoTorch; install it with: pip install 'grammar-rae[optimize]'"
        ) from error


@dataclass(frozen=True)
class Exact:
    """An exact Gaussian process over codes (n, D): RBF kernel with the dimension-scaled prior of Hvarfner et al. (2024)
    and BoTorch's on the noise, fitted by L-BFGS. Of more than `at_most` codes those most like the best are used.

    Inputs are scaled to the unit box. One length scale serves all dimensions: the coordinates of a learned space are
    alike, and a few hundred values do not tell 56 length scales apart.
    """

    at_most: int = 1000
    iterations: int = 40
    reads_strings = False

    def fit(self, x: np.ndarray, y: np.ndarray, seed: int) -> Model:
        """Of codes x (n, D) and values y (n,), the larger the better."""
        return fit_exact(RADIAL, self.at_most, self.iterations, x, y, seed)


@dataclass(frozen=True)
class Structure:
    """An exact Gaussian process over what strings are made of, counts (n, F): the Tanimoto kernel, and a linear one for
    what it cannot foresee, a string larger than all that were seen; each with a scale. Otherwise as `Exact`.

    Codes say where to look, the strings' parts what to expect there (Moss et al. 2025). `benchmarks/surrogates.py` sets
    both beside each other.
    """

    at_most: int = 1000
    iterations: int = 40
    reads_strings = True

    def fit(self, x: np.ndarray, y: np.ndarray, seed: int) -> Model:
        """Of counts x (n, F), no row zero, and values y (n,), the larger the better."""
        return fit_exact(COUNTS, self.at_most, self.iterations, x, y, seed)


@dataclass(frozen=True)
class Values:
    """An exact Gaussian process over what expressions compute, values (n, P): how far one is from a target is a smooth
    function of them, and they are known without scoring it (composite optimization; Astudillo and Frazier 2019). The
    rational quadratic kernel, a mixture of all length scales: the score is flat far away and steep nearby. Otherwise as
    `Exact`.
    """

    at_most: int = 1000
    iterations: int = 40
    reads_strings = True

    def fit(self, x: np.ndarray, y: np.ndarray, seed: int) -> Model:
        """Of what expressions compute, x (n, P), and values y (n,), the larger the better."""
        return fit_exact(RATIONAL, self.at_most, self.iterations, x, y, seed)


@dataclass(frozen=True)
class Covariance:
    """How alike inputs are: `modules(D)` gives kernel and input transform of a BoTorch model of inputs (n, D);
    `nearness(x, best)` (n,) is the larger the more alike x (n, D) are to best (D,).
    """

    modules: Callable[[int], dict[str, Any]]
    nearness: Callable[[np.ndarray, np.ndarray], np.ndarray]


def fit_exact(
    covariance: Covariance, at_most: int, iterations: int, x: np.ndarray, y: np.ndarray, seed: int
) -> Model:
    """An exact Gaussian process of inputs x (n, D) and values y (n,), of at most so many: those most like the best.

    Where the fit fails, it keeps the parameters that it began with.
    """
    import torch
    from botorch.exceptions import ModelFittingError
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.transforms import Standardize
    from gpytorch.mlls import ExactMarginalLogLikelihood

    if len(x) > at_most:
        nearest = np.argsort(-covariance.nearness(x, x[np.argmax(y)]), kind="stable")[:at_most]
        x, y = x[nearest], y[nearest]
    inputs, targets = tensors(x, fenced(y))
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        modules = covariance.modules(inputs.shape[1])
        model = SingleTaskGP(inputs, targets, outcome_transform=Standardize(1), **modules)
        likelihood = ExactMarginalLogLikelihood(model.likelihood, model)
        begun = copy.deepcopy(model.state_dict())
        options = {"options": {"maxiter": iterations}}
        try:
            fit_gpytorch_mll(likelihood, optimizer_kwargs=options, max_attempts=1)
        except (ModelFittingError, ValueError):  # GPyTorch's priors refuse what has rounded to zero
            model.load_state_dict(begun)
            model.eval()
    return model


def fenced(y: np.ndarray) -> np.ndarray:
    """Targets (n,) with the far low ones raised to Tukey's lower fence."""
    low, high = np.quantile(y, [0.25, 0.75])
    return np.maximum(y, low - 1.5 * (high - low))


def tensors(x: np.ndarray, y: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs (n, D) and targets (n, 1) in float64."""
    import torch

    return torch.as_tensor(x, dtype=torch.float64), torch.as_tensor(y, dtype=torch.float64)[:, None]


def _radial(size: int) -> dict[str, Any]:
    from gpytorch.kernels import RBFKernel

    return _with_length(RBFKernel, size)


def _rational(size: int) -> dict[str, Any]:
    from gpytorch.kernels import RQKernel, ScaleKernel

    modules = _with_length(RQKernel, size)
    return {**modules, "covar_module": ScaleKernel(modules["covar_module"])}


def _with_length(kernel_class: Any, size: int) -> dict[str, Any]:
    """A kernel with one length scale for inputs of `size` dimensions, scaled to the unit box."""
    from botorch.models.transforms import Normalize
    from gpytorch.priors import LogNormalPrior

    prior = LogNormalPrior(math.sqrt(2) + math.log(size) / 2, math.sqrt(3))
    kernel = kernel_class(lengthscale_prior=prior)
    kernel.lengthscale = math.sqrt(size)
    return {"covar_module": kernel, "input_transform": Normalize(size)}


def _counts(size: int) -> dict[str, Any]:
    from gpytorch.kernels import ScaleKernel

    from grammar_rae.optimization.kernels import Dot, Tanimoto

    return {"covar_module": ScaleKernel(Tanimoto()) + ScaleKernel(Dot())}


def _less_distance(x: np.ndarray, best: np.ndarray) -> np.ndarray:
    return -((x - best) ** 2).sum(1)


def _tanimoto(x: np.ndarray, best: np.ndarray) -> np.ndarray:
    import torch

    from grammar_rae.optimization.kernels import Tanimoto

    similarity = Tanimoto().forward(torch.as_tensor(x), torch.as_tensor(best[None]))[:, 0]
    return np.asarray(similarity.numpy())


RADIAL = Covariance(_radial, _less_distance)
RATIONAL = Covariance(_rational, _less_distance)
COUNTS = Covariance(_counts, _tanimoto)
